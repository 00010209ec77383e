import { type RedisCommands } from '@sluice/stream-log';
import { type StreamLedger } from './stream-ledger.js';

const STREAMS_AT_ONCE = 500;

/** Memory that the streams of a subject take in Redis. @throws SluiceError LOG_UNAVAILABLE */
export async function usedBytesOf(redis: RedisCommands, ledger: StreamLedger, subject: string): Promise<number> {
  const keys = await ledger.ownedBy(subject);
  let bytes = 0;
  for (let at = 0; at < keys.length; at += STREAMS_AT_ONCE) {
    const replies = await redis.runAll(
      keys.slice(at, at + STREAMS_AT_ONCE).map((key) => ({
        name: 'MEMORY',
        args: ['USAGE', key],
        subject: `memory of stream "${key}"`,
      })),
    );
    for (const reply of replies) bytes += typeof reply === 'number' ? reply : 0;
  }
  return bytes;
}

/** Memory that Redis uses for data, on all its nodes. @throws SluiceError LOG_UNAVAILABLE */
export async function usedBytes(redis: RedisCommands): Promise<number> {
  const sizes = await redis.onMasters('memory of Redis', async (master) => {
    const info = await master.info('memory');
    return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
  });
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
