-- What becomes of the leases of one admission. They are told apart by its name, so that giving them back twice, or when
-- they have run out, frees nobody else's slot. All numbers are whole, times in microseconds.
--
-- KEYS[1], KEYS[2], ARGV[1] and ARGV[3] as in take.lua; KEYS[3…] are the sorted sets of slots that were taken from
-- ARGV[2]   'release'; 'forget', after which the admission comes to nothing also if it is only decided later; or 'renew'
-- and two for each set: how many slots are held, and how long a lease lasts.
--
-- The answer: 1, or 0 where a lease was lost already.

if ARGV[2] == 'forget' then
  redis.call('HSET', KEYS[1], ARGV[1], '')
  redis.call('PEXPIRE', KEYS[1], 10000)
end

local now = 0
if ARGV[2] == 'renew' then
  now = tonumber(ARGV[3])
  if not now then
    local clock = redis.call('TIME')
    now = clock[1] * 1000000 + clock[2]
  end
  now = now + tonumber(redis.call('HGET', KEYS[1], 'ahead') or 0)
end

local kept = 1
for i = 3, #KEYS do
  local slots, lasts = ARGV[2 * i - 2], ARGV[2 * i - 1]
  local lease = ARGV[1] .. ' ' .. slots
  if ARGV[2] ~= 'renew' then
    if redis.call('ZREM', KEYS[i], lease) == 1 then
      redis.call('ZINCRBY', KEYS[i], slots, '')
    else
      kept = 0
    end
  elseif tonumber(redis.call('ZSCORE', KEYS[i], lease) or 0) > now then
    redis.call('ZADD', KEYS[i], now + lasts, lease)
    redis.call('PEXPIRE', KEYS[i], math.ceil(lasts / 500) + 1000)
  else
    kept = 0
  end
end
return kept
