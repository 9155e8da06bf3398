/**
 * The windows of one policy, in the order in which they were opened and so will end; and the choice of the window to forget when there are
 * too many.
 *
 * This is a linked list and no `Map` or `Set`, because with those it takes longer to find the oldest entry the more entries were deleted,
 * and a flood of keys deletes many.
 */

/** What the queue knows of a window. */
export interface Queued<W> {
  /** Milliseconds, by a clock that only goes forward. */
  readonly endsAt: number;
  /** Points. */
  readonly consumed: number;
  /** Number of the last call that charged it. A window must not be forgotten during that call. */
  readonly call: number;
  /** Its neighbours in the queue. */
  older: W | undefined;
  newer: W | undefined;
}

/** How many windows are compared to find one to forget. */
const candidates = 8;

/** The windows of one policy, the oldest first. */
export class WindowQueue<W extends Queued<W>> {
  oldest: W | undefined;
  #newest: W | undefined;
  /** Where the next search begins, so that no window is compared twice before all others were. */
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
   * Finds the window to forget: the least used of a few, and among equals the oldest, which ends first.
   *
   * An attacker can invent keys so that its own window is forgotten and it has the whole limit again. But the windows of invented keys are
   * less used, unless the attacker spends as much on each of them, so they are forgotten first. Only a few windows are compared: among
   * all, a new key would always be the least used, and would be forgotten at once where all other windows are used more.
   *
   * @param call number of the call whose windows must stay. @returns `undefined` where all compared windows belong to that call.
   */
  findLeastUsed(call: number): W | undefined {
    let least = this.oldest?.call === call ? undefined : this.oldest;
    let at = this.#hand ?? this.oldest;
    for (let looked = 0; looked < candidates && at; looked += 1) {
      if (at.call !== call && (!least || at.consumed < least.consumed)) least = at;
      at = at.newer ?? this.oldest;
    }
    // The search continues behind the window that is forgotten, so the newer ones that were compared now are compared again.
    this.#hand = least && least !== this.oldest ? least.newer : at;
    return least;
  }
}
