/**
 * The one script: takes the charges of a request, all or none, over any number of keys of one slot.
 *
 * A bucket is a text "<points used>,<end of the window in milliseconds>", so that one MGET reads all of them. The clock is that of the
 * Redis server, so that processes whose clocks differ share one window. The end of a window is also its name, by which points are given
 * back. Nothing is written before every bucket is checked, and where memory is short Redis refuses the first write, so a request is
 * never half charged.
 */

/** What the script does with buckets -> its number in the arguments. */
export const ops = { consume: 0, giveBack: 1, reset: 2 } as const;
/** One of these operations. */
export type Op = keyof typeof ops;

/** A bucket after the script ran. */
export interface Answered {
  /** Points. */
  readonly used: number;
  /** Milliseconds since the epoch, by the server's clock. 0: no window is open. */
  readonly endsAt: number;
  /** Whether it has too few points for the request. */
  readonly isShort: boolean;
}

/** The result of the script. */
export interface Decision {
  readonly allowed: boolean;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly now: number;
  /** In the order of the keys. */
  readonly buckets: readonly Answered[];
}

/**
 * KEYS: the buckets; a key that stands twice is one bucket. ARGV[1]: a JSON list of whole numbers, which takes client and server far less
 * time than an argument for each: the number of the operation, then per bucket its points, its limit, and the length of the window in
 * milliseconds (consume) or the end of the window, 0 for any (giveBack).
 *
 * Returns a JSON list: the server's time, 1 (allowed) or 0, and per bucket the points used, the end of the window, and where the request
 * is refused, 1 for a bucket with too few points.
 */
export const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local numbers = cjson.decode(ARGV[1])
local op, allowed = numbers[1], 1
local known, same, used, ends, asked, short, changed = {}, {}, {}, {}, {}, {}, {}
for from = 1, #KEYS, 1000 do
  local to = math.min(from + 999, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, from, to))
  for i = from, to do
    local key, value = KEYS[i], values[i - from + 1]
    local first = known[key] or i
    known[key], same[i], used[i], ends[i], asked[i] = first, first, 0, 0, 0
    if value then
      local comma = string.find(value, ',', 1, true)
      local over = comma and tonumber(string.sub(value, comma + 1)) or 0
      if over > now then used[i], ends[i] = tonumber(string.sub(value, 1, comma - 1)), over end
    end
  end
end
for b = 1, #KEYS do
  local i, points, window = same[b], numbers[3 * b - 1], numbers[3 * b + 1]
  if op == 0 then
    -- The clock was set back, or belongs to another server: a window must not last longer than its length.
    if ends[i] > now + window then ends[i], changed[i] = now + window, true end
    asked[i] = asked[i] + points
    if not (used[i] + asked[i] <= numbers[3 * b]) then short[b], allowed = 1, 0 end
  elseif op == 1 and ends[i] > 0 and (window == 0 or window == ends[i]) then
    used[i], changed[i] = math.max(0, used[i] - points), true
  elseif op == 2 then
    used[i], ends[i], changed[i] = 0, 0, true
  end
end
local texts, answer = {}, { string.format('%.0f,%d', now, allowed) }
for b = 1, #KEYS do
  local i = same[b]
  if op == 0 and allowed == 1 and asked[i] > 0 then
    if ends[i] == 0 then ends[i] = now + numbers[3 * b + 1] end
    used[i], asked[i], changed[i] = used[i] + asked[i], 0, true
  end
  if not texts[i] then
    texts[i] = string.format('%.0f,%.0f', used[i], ends[i])
    if changed[i] and ends[i] == 0 then redis.call('DEL', KEYS[i])
    elseif changed[i] then redis.call('SET', KEYS[i], texts[i], 'PX', ends[i] - now) end
  end
  answer[b + 1] = texts[i]
  if allowed == 0 then answer[b + 1] = texts[i] .. ',' .. (short[b] or 0) end
end
return '[' .. table.concat(answer, ',') .. ']'
`;

/** Reads a result. @throws {Error} for one that is not of the expected form, so that it is never taken for one that allows. */
export function readDecision(answer: unknown, keys: readonly string[]): Decision {
  const numbers: unknown = typeof answer === 'string' ? JSON.parse(answer) : undefined;
  if (isNumbers(numbers)) {
    const [now = Number.NaN, allowed] = numbers;
    const width = allowed === 1 ? 2 : 3;
    if (numbers.length === 2 + width * keys.length) {
      const buckets = keys.map((_, i): Answered => {
        const at = 2 + width * i;
        return {
          used: numbers[at] as number,
          endsAt: numbers[at + 1] as number,
          isShort: width === 3 && numbers[at + 2] !== 0,
        };
      });
      return { allowed: allowed === 1, now, buckets };
    }
  }
  throw new Error('the script of the Redis store returned no list of numbers');
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(Number.isSafeInteger);
}
