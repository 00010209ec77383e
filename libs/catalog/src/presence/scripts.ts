import { defineScript } from '@sluice/stream-log';

/*
 * The scripts of presence. All take the same keys (see `PRESENCE_KEYS`):
 * KEYS[1] leases · KEYS[2] pinned · KEYS[3] ended · KEYS[4] seen-at · KEYS[5] sweeper
 * Times are ms of Redis' own clock, so that the clocks of the services do not matter.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/* ARGV[1] ms a lease lasts · ARGV[2…] devices that a push names: a lease each, whatever was before. */
export const HOLD_DEVICES = defineScript(
  'hold-devices',
  `${NOW}
for i = 2, #ARGV do
  redis.call('ZREM', KEYS[3], ARGV[i])
  redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i])
  redis.call('HSET', KEYS[4], ARGV[i], now)
end
return 1
`,
);

/*
 * ARGV[1] ms a lease lasts · ARGV[2…] devices that open push sockets name
 * Returns for each 1 when its lease was renewed, 0 when it was disconnected since: that holds as long as these sockets push nothing.
 */
export const RENEW_DEVICES = defineScript(
  'renew-devices',
  `${NOW}
local renewed = {}
for i = 2, #ARGV do
  if redis.call('ZSCORE', KEYS[3], ARGV[i]) then
    redis.call('ZADD', KEYS[3], now, ARGV[i])
    renewed[i - 1] = 0
  else
    redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i])
    redis.call('HSET', KEYS[4], ARGV[i], now)
    renewed[i - 1] = 1
  end
end
return renewed
`,
);

/*
 * ARGV[1] ms that leases may still last · ARGV[2…] devices whose last push socket here is closed
 * Other processes with sockets of the same device renew its lease before that.
 */
export const RELEASE_DEVICES = defineScript(
  'release-devices',
  `${NOW}
for i = 2, #ARGV do
  local expiry = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if expiry and tonumber(expiry) > now + ARGV[1] then redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
end
return 1
`,
);

/* ARGV[1…] devices that are connected until they are disconnected by name. */
export const PIN_DEVICES = defineScript(
  'pin-devices',
  `${NOW}
for i = 1, #ARGV do
  redis.call('ZREM', KEYS[3], ARGV[i])
  redis.call('SADD', KEYS[2], ARGV[i])
  redis.call('HSET', KEYS[4], ARGV[i], now)
end
return 1
`,
);

/* ARGV[1…] devices that are disconnected by name, also from push sockets that are open. */
export const END_DEVICES = defineScript(
  'end-devices',
  `${NOW}
for i = 1, #ARGV do
  local had = redis.call('ZREM', KEYS[1], ARGV[i]) + redis.call('SREM', KEYS[2], ARGV[i])
  redis.call('ZADD', KEYS[3], now, ARGV[i])
  if had > 0 then redis.call('HSET', KEYS[4], ARGV[i], now) end
end
return 1
`,
);

/* ARGV[1…] devices. Returns for each 1 when it should be among the connected ones, else 0. */
export const WANTED_DEVICES = defineScript(
  'wanted-devices',
  `${NOW}
local wanted = {}
for i = 1, #ARGV do
  local expiry = redis.call('ZSCORE', KEYS[1], ARGV[i])
  local held = expiry and tonumber(expiry) > now
  wanted[i] = (held or redis.call('SISMEMBER', KEYS[2], ARGV[i]) == 1) and 1 or 0
end
return wanted
`,
);

/*
 * ARGV[1] who asks · ARGV[2] ms for which only they sweep · ARGV[3] ms that a disconnect is remembered · ARGV[4] most devices
 * Returns false when another process sweeps, else devices whose lease has expired.
 */
export const EXPIRED_DEVICES = defineScript(
  'expired-devices',
  `${NOW}
local sweeper = redis.call('GET', KEYS[5])
if sweeper and sweeper ~= ARGV[1] then return false end
redis.call('SET', KEYS[5], ARGV[1], 'PX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[3])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[4])
`,
);

/*
 * ARGV[1] who asks · ARGV[2…] devices, whose expired leases are forgotten
 * Returns 0 when another process sweeps by now, with nothing changed.
 */
export const FORGET_LEASES = defineScript(
  'forget-leases',
  `${NOW}
if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end
for i = 2, #ARGV do
  local expiry = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if expiry and tonumber(expiry) <= now then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 1
`,
);
