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
 * KEYS: the distinct buckets. ARGV[1]: whole numbers in one text, which costs client and server far less than an argument each.
 * Per request: op, count, and per bucket: index of its key, points, limit, then the length of the window in milliseconds
 * (consume) or its end, 0 for any (giveBack).
 *
 * Answers with one JSON list of numbers: the server's time, then per request: 1 or 0, and per bucket: points used, end of the
 * window, and for a request that is refused 1 where the bucket is short.
 */
export const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local used, ends, changed = {}, {}, {}
for from = 1, #KEYS, 1000 do
  local to = math.min(from + 999, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, from, to))
  for i = from, to do
    local points, over = string.match(values[i - from + 1] or '', '^(%d+) (%d+)$')
    over = tonumber(over or 0)
    used[i], ends[i] = 0, 0
    if over > now then used[i], ends[i] = tonumber(points), over end
  end
end
local numbers = {}
for number in string.gmatch(ARGV[1], '%-?%d+') do numbers[#numbers + 1] = tonumber(number) end
local answer = { string.format('%.0f', now) }
local a = 1
while a <= #numbers do
  local op, count = numbers[a], numbers[a + 1]
  local first, last = a + 2, a + 1 + 4 * count
  a = last + 1
  local short, allowed, asked = {}, 1, {}
  for b = first, last, 4 do
    local i, points, limit, window = numbers[b], numbers[b + 1], numbers[b + 2], numbers[b + 3]
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
    for b = first, last, 4 do
      local i, points = numbers[b], numbers[b + 1]
      if points > 0 then
        if ends[i] == 0 then ends[i] = now + numbers[b + 3] end
        used[i], changed[i] = used[i] + points, true
      end
    end
  end
  answer[#answer + 1] = allowed
  for b = first, last, 4 do
    local i = numbers[b]
    answer[#answer + 1] = string.format('%.0f,%.0f', used[i], ends[i])
    if allowed == 0 then answer[#answer + 1] = short[b] or 0 end
  end
end
for i in pairs(changed) do
  if ends[i] == 0 then redis.call('DEL', KEYS[i])
  else redis.call('SET', KEYS[i], string.format('%.0f %.0f', used[i], ends[i]), 'PX', string.format('%.0f', ends[i] - now)) end
end
return '[' .. table.concat(answer, ',') .. ']'
`;
