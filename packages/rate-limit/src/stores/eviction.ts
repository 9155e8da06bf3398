/**
 * The windows of one policy in the order in which they were opened, which is the order in which they end, and the one that goes
 * when there are too many.
 *
 * A linked list, and no `Map` or `Set`: to ask one of those for its oldest entry, after many were deleted, takes longer the more
 * were deleted, and that is what a flood of keys does.
 */

/** A window as its queue sees it. */
export interface Queued<W> {
  readonly endsAt: number;
  readonly consumed: number;
  /** The call that charges it, which must not lose it. */
  readonly call: number;
  /** Its neighbours in the queue. */
  older: W | undefined;
  newer: W | undefined;
}

/** How many windows are compared for one that goes. */
const candidates = 8;

export class WindowQueue<W extends Queued<W>> {
  oldest: W | undefined;
  #newest: W | undefined;
  /** Where the search for a window that may go continues, so that none is compared twice before all others were. */
  #hand: W | undefined;

  append(window: W): void {
    window.older = this.#newest;
    window.newer = undefined;
    if (this.#newest) this.#newest.newer = window;
    else this.oldest = window;
    this.#newest = window;
  }

  remove(window: W): void {
    const { older, newer } = window;
    if (this.#hand === window) this.#hand = newer;
    if (older) older.newer = newer;
    else this.oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    window.older = undefined;
    window.newer = undefined;
  }

  /**
   * Finds the window that goes: the least used of a few, and among equals the oldest of all, which ends first.
   *
   * An attacker can make up keys to have its own window forgotten. The keys that it makes up are less used than the window that
   * it wants to lose, unless it spends as much on each of them, and so they go first. That only a few are compared keeps a key
   * that comes new among windows that are all used more: it stays until the search has gone around to it.
   *
   * @param call the call whose windows must stay. @returns `undefined` where all that were looked at are of that call.
   */
  findLeastUsed(call: number): W | undefined {
    let least = this.oldest?.call === call ? undefined : this.oldest;
    let at = this.#hand ?? this.oldest;
    for (let looked = 0; looked < candidates && at; looked += 1) {
      if (at.call !== call && (!least || at.consumed < least.consumed)) least = at;
      at = at.newer ?? this.oldest;
    }
    // What is newer than the one that goes is compared again, with those that follow.
    this.#hand = least && least !== this.oldest ? least.newer : at;
    return least;
  }
}
