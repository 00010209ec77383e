import { connect } from 'node:net';
import { Refusal } from '../setup/progress.mjs';
import { withoutPassword } from './settings.mjs';

/** How to run the Redis of this checkout: data and append-only file in `folder`, on loopback only. */
export function redisSpec(redis, { port, durability, maxMemory }, folder) {
  return {
    name: 'redis',
    command: redis.bin,
    args: [
      ...listening(port),
      ...['--appendonly', 'yes', '--appendfsync', durability, '--maxmemory-policy', 'noeviction'],
      ...(maxMemory ? ['--maxmemory', maxMemory] : []),
    ],
    cwd: folder,
    isReady: () => answersPing('127.0.0.1', port),
  };
}

/** A Redis for one test run: nothing is kept. */
export function throwawayRedisSpec(redis, port, folder) {
  return {
    name: `test-redis-${process.pid}`,
    command: redis.bin,
    args: [...listening(port), '--appendonly', 'no'],
    cwd: folder,
    isReady: () => answersPing('127.0.0.1', port),
  };
}

function listening(port) {
  return ['--port', String(port), '--bind', '127.0.0.1', '--dir', './', '--save', '', '--daemonize', 'no'];
}

/** True when a Redis answers and has loaded its data; one that wants a password counts as well. */
async function answersPing(host, port) {
  const reply = await exchange({ host, port }, 'PING\r\n');
  return reply.startsWith('+PONG') || reply.startsWith('-NOAUTH');
}

/** Throws a `Refusal` when nothing listens at the first address of `REDIS_URL`. */
export async function assertReachable(url) {
  const first = url.split(',')[0].trim();
  const address = URL.canParse(first) ? new URL(first) : null;
  if (!address || !/^rediss?:$/.test(address.protocol)) {
    throw new Refusal(`REDIS_URL=${withoutPassword(url)} is not an address such as redis://127.0.0.1:6379`);
  }
  const host = address.hostname.replace(/^\[|\]$/g, '');
  const port = Number(address.port || 6379);
  try {
    await exchange({ host, port }, '');
  } catch (error) {
    throw new Refusal(`REDIS_URL=${withoutPassword(url)} cannot be reached: ${error.message || error.code}`, {
      cause: error,
    });
  }
}

/** Connects, sends `request`, and resolves with the first bytes of the answer; with '' when nothing is asked. */
function exchange({ host, port }, request) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 3000 });
    const end = (settle, value) => {
      socket.destroy();
      settle(value);
    };
    socket.once('connect', () => (request ? socket.write(request) : end(resolve, '')));
    socket.once('data', (data) => end(resolve, data.toString('latin1')));
    socket.once('error', (error) => end(reject, error));
    socket.once('timeout', () => end(reject, new Error('no answer within 3 s')));
    socket.once('close', () => end(reject, new Error('the connection was closed')));
  });
}
