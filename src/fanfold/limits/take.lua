-- Decides about one admission: all that is asked is taken, or none of it. All numbers are whole, times in microseconds.
--
-- KEYS[1]   what was answered of late, by the names of admissions: whoever asks once more is answered the same. 'since'
--           is when the first was, and 'ahead' how far this caller's time is ahead of the server's, where that was put
--           back
-- KEYS[2]   what was answered before that
-- KEYS[3…]  what each limit that is asked has counted
-- ARGV[1]   the name of the admission
-- ARGV[2]   'take'; 'charge', which is charged for when it is refused; or 'look', which only tells
-- ARGV[3]   the time, where a test tells it; empty for the server's own
-- and five for each limit: 'window' or 'slots', how much is asked, the limit, how long a charge or a lease lasts, and
-- how long a holder of slots runs at most.
--
-- A window is a list. Its first element is what had been charged before the oldest charge that is kept; then each charge
-- has two: when it has passed, and what had been charged with it. Whoever drops the first two forgets the oldest charge,
-- and the difference of the last and the first element is what counts.
--
-- Slots are a sorted set of leases by when they run out. The member '' has the number of all that are held, negative.
--
-- The answer: 0, or which of the limits refuses; how many seconds to wait, -1 where no wait helps; the time; then for
-- each limit what is left and after how many seconds all of it is.

local call, ceil, floor, max, min = redis.call, math.ceil, math.floor, math.max, math.min
local SECOND = 1000000
local TURN = 5 * SECOND -- answers are kept for one turn at least; nobody asks again after so long

local known = call('HMGET', KEYS[1], ARGV[1], 'since', 'ahead')
local since = tonumber(known[2] or nil)
local given = known[1] or (since and call('HGET', KEYS[2], ARGV[1]))
if given then
  return given
end

local ahead = tonumber(known[3] or 0)
local now = tonumber(ARGV[3])
if not now then
  local clock = call('TIME')
  now = clock[1] * SECOND + clock[2]
end
now = now + ahead

-- Drops the charges of a list as long as their time (which = 2) or their sum (which = 3) is at most so much; returns
-- what had been charged before the oldest that is left. The newest is never dropped.
local function drop(key, which, bound)
  local size = 1
  while true do
    local part = call('LRANGE', key, 0, 2 * size)
    local count = 0
    while part[2 * count + which] and tonumber(part[2 * count + which]) <= bound do
      count = count + 1
    end
    if count > 0 then
      call('LTRIM', key, 2 * count, -1)
    end
    if count < size then
      return tonumber(part[2 * count + 1])
    end
    size = min(4 * size, 1024)
  end
end

-- When the charge has passed with which so much had been charged; the newest had so much at least.
local function passing(key, sum)
  local from, size = 1, 4
  while true do
    local part = call('LRANGE', key, from, from + 2 * size - 1)
    for i = 2, #part, 2 do
      if tonumber(part[i]) >= sum then
        return tonumber(part[i - 1])
      end
    end
    from, size = from + 2 * size, min(4 * size, 1024)
  end
end

local function slots_of(lease)
  return tonumber(string.match(lease, '%d+$'))
end

-- When so many slots have run out; there are as many.
local function ending(key, slots)
  local leases = call('ZRANGEBYSCORE', key, '(0', '+inf', 'WITHSCORES', 'LIMIT', 0, slots)
  for i = 1, #leases, 2 do
    slots = slots - slots_of(leases[i])
    if slots <= 0 then
      return tonumber(leases[i + 1])
    end
  end
end

local function charge(limit)
  local sum, passes = limit.sum + limit.n, now + limit.lasts
  if limit.newest then
    call('RPUSH', limit.key, passes, sum)
  else
    call('RPUSH', limit.key, 0, passes, sum)
  end
  -- Once in a while is enough, for a key may stay twice as long as it has to.
  if not limit.newest or floor(limit.newest / limit.lasts) ~= floor(passes / limit.lasts) then
    call('PEXPIRE', limit.key, ceil(limit.lasts / 500) + 1000)
  end
  limit.newest, limit.sum, limit.left = passes, sum, limit.left - limit.n
end

local limits, late = {}, 0
for i = 3, #KEYS do
  local from = 5 * i - 11
  local limit = {
    key = KEYS[i],
    window = ARGV[from] == 'window',
    n = tonumber(ARGV[from + 1]),
    most = tonumber(ARGV[from + 2]),
    lasts = tonumber(ARGV[from + 3]),
    runs = tonumber(ARGV[from + 4]),
    left = 0,
    newest = nil, -- when the newest charge will have passed
    sum = 0, -- what has been charged with it
    oldest = nil, -- when the oldest lease will have run out
    held = 0,
  }
  if limit.window then
    local last = call('LRANGE', limit.key, -2, -1)
    limit.newest, limit.sum = tonumber(last[1]), tonumber(last[2] or 0)
  else
    local first = call('ZRANGE', limit.key, 0, 1, 'WITHSCORES')
    limit.held, limit.oldest = -tonumber(first[2] or 0), tonumber(first[4])
  end
  -- What was counted in the future was counted before the clock was put back. Time goes on from there: if it did not,
  -- charges and leases would last longer than they may.
  late = max(late, (limit.newest or limit.oldest or 0) - limit.lasts - now)
  limits[i - 2] = limit
end
if late > 0 then
  now, ahead = now + late, ahead + late
end

local refused = 0
for i, limit in ipairs(limits) do
  if not limit.window then
    if limit.oldest and limit.oldest <= now then
      for _, lease in ipairs(call('ZRANGEBYSCORE', limit.key, '(0', now)) do
        limit.held = limit.held - slots_of(lease)
      end
      call('ZREMRANGEBYSCORE', limit.key, '(0', now)
      call('ZADD', limit.key, -limit.held, '')
    end
    limit.left = limit.most - limit.held
  elseif not limit.newest then
    limit.left = limit.most
  elseif limit.newest <= now then
    call('DEL', limit.key)
    limit.newest, limit.sum, limit.left = nil, 0, limit.most
  else
    limit.left = limit.most - limit.sum + drop(limit.key, 2, now)
  end
  if refused == 0 and limit.n > limit.left then
    refused = i
  end
end

if refused == 0 and ARGV[2] ~= 'look' then
  for _, limit in ipairs(limits) do
    if limit.window then
      charge(limit)
    else
      limit.held, limit.left = limit.held + limit.n, limit.left - limit.n
      call('ZADD', limit.key, -limit.held, '', now + limit.lasts, ARGV[1] .. ' ' .. limit.n)
      if not limit.oldest or floor(limit.oldest / limit.lasts) ~= floor(now / limit.lasts) + 1 then
        call('PEXPIRE', limit.key, ceil(limit.lasts / 500) + 1000)
      end
    end
  end
elseif refused > 0 and ARGV[2] == 'charge' then
  for _, limit in ipairs(limits) do
    if limit.window then
      -- As long as the newest charges fill the window nothing fits, and when enough of them have passed, so has all
      -- that was older: it need not be kept.
      charge(limit)
      if limit.left < 0 then
        drop(limit.key, 3, limit.sum - limit.most)
        call('LSET', limit.key, 0, limit.sum - limit.most)
        limit.left = 0
      end
    end
  end
end

local wait = 0
if refused > 0 then
  for i, limit in ipairs(limits) do
    if limit.n > limit.most then
      refused, wait = i, -1
      break
    end
  end
  if wait == 0 then
    for _, limit in ipairs(limits) do
      local missing = limit.n - limit.left
      if missing > 0 and limit.window then
        wait = max(wait, passing(limit.key, limit.sum + limit.n - limit.most) - now)
      elseif missing > 0 then
        wait = max(wait, min(limit.runs, ending(limit.key, missing) - now))
      end
    end
    wait = ceil(wait / SECOND)
  end
end

local answer = { refused, wait, string.format('%.0f', now) }
for _, limit in ipairs(limits) do
  local reset = 0
  if limit.window then
    reset = limit.newest and limit.newest - now or 0
  elseif limit.held > 0 then
    reset = limit.runs
  end
  answer[#answer + 1] = max(0, limit.left)
  answer[#answer + 1] = ceil(reset / SECOND)
end
answer = table.concat(answer, ' ')
if ARGV[2] ~= 'look' then
  if not since or now - since > TURN or late > 0 then
    if since then
      call('RENAME', KEYS[1], KEYS[2])
    end
    call('HSET', KEYS[1], 'since', now, 'ahead', ahead)
    call('PEXPIRE', KEYS[1], ahead > 0 and 86400000 or 2 * TURN / 1000)
  end
  call('HSET', KEYS[1], ARGV[1], answer)
end
return answer
