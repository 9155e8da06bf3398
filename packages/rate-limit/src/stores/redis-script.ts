/**
 * The one script: any number of requests, each all or nothing, over any number of keys of one slot.
 *
 * A bucket is a text "<points used> <end of the window in milliseconds>", so that one MGET reads all of them. The clock is the
 * server's: processes whose clocks differ share one window. The end of a window is also its name, by which points go back.
 * Nothing is written before all is judged, and where memory is short Redis refuses the first write: never half a request.
 */

/** What a request does with its buckets. */
export const ops = { consume: 0, giveBack: 1, reset: 2 } as const;
export type Op = keyof typeof ops;

/**
 * KEYS: the buckets of all requests, one after the other; one that comes twice is one. ARGV[1]: whole numbers in one text, which
 * costs client and server far less than an argument each. Per request: op, count, and per bucket: points, limit, then the
 * length of the window in milliseconds (consume) or its end, 0 for any (giveBack).
 *
 * Answers with one JSON list of numbers: the server's time, then per request: 1 or 0, and per bucket: points used, end of the
 * window, and for a request that is refused 1 where the bucket is short.
 */
export const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known, same, used, ends, changed = {}, {}, {}, {}, {}
for from = 1, #KEYS, 1000 do
  local to = math.min(from + 999, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, from, to))
  for i = from, to do
    local first = known[KEYS[i]] or i
    known[KEYS[i]], same[i] = first, first
    local points, over = string.match(values[i - from + 1] or '', '^(%d+) (%d+)$')
    over = tonumber(over or 0)
    used[i], ends[i] = 0, 0
    if over > now then used[i], ends[i] = tonumber(points), over end
  end
end
local numbers = {}
for number in string.gmatch(ARGV[1], '%-?%d+') do numbers[#numbers + 1] = tonumber(number) end
local answer = { string.format('%.0f', now) }
local n, k = 1, 0
while n <= #numbers do
  local op, count = numbers[n], numbers[n + 1]
  local short, allowed, asked = {}, 1, {}
  for b = 1, count do
    local i, at = same[k + b], n + 3 * b
    local points, limit, window = numbers[at - 1], numbers[at], numbers[at + 1]
    if op == 0 then
      asked[i] = (asked[i] or 0) + points
      if not (used[i] + asked[i] <= limit) then short[b], allowed = 1, 0 end
    elseif op == 1 and ends[i] > 0 and (window == 0 or window == ends[i]) then
      used[i], changed[i] = math.max(0, used[i] - points), true
    elseif op == 2 then
      used[i], ends[i], changed[i] = 0, 0, true
    end
  end
  if op == 0 and allowed == 1 then
    for b = 1, count do
      local i, at = same[k + b], n + 3 * b
      local points = numbers[at - 1]
      if points > 0 then
        if ends[i] == 0 then ends[i] = now + numbers[at + 1] end
        used[i], changed[i] = used[i] + points, true
      end
    end
  end
  answer[#answer + 1] = allowed
  for b = 1, count do
    local i = same[k + b]
    answer[#answer + 1] = string.format('%.0f,%.0f', used[i], ends[i])
    if allowed == 0 then answer[#answer + 1] = short[b] or 0 end
  end
  n, k = n + 2 + 3 * count, k + count
end
for i in pairs(changed) do
  if ends[i] == 0 then redis.call('DEL', KEYS[i])
  else redis.call('SET', KEYS[i], string.format('%.0f %.0f', used[i], ends[i]), 'PX', string.format('%.0f', ends[i] - now)) end
end
return '[' .. table.concat(answer, ',') .. ']'
`;
