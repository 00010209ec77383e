import { RedisCommands } from '@sluice/stream-log';
import { startRedis, type RedisServer } from '@sluice/testing';
import { Devices } from '../src/index.js';

/** A Redis of a test's own, and the catalogue over it. */
export interface Catalogue {
  readonly redis: RedisServer;
  readonly commands: RedisCommands;
  readonly devices: Devices;
  /** Events of an event stream, oldest first. */
  events(key: string): Promise<unknown[]>;
  close(): Promise<void>;
}

export async function startCatalogue(): Promise<Catalogue> {
  const redis = await startRedis();
  const commands = await RedisCommands.connect(redis.url);
  return {
    redis,
    commands,
    devices: new Devices(commands),
    events: async (key) => {
      const entries = (await redis.command('XRANGE', key, '-', '+')) as [string, string[]][];
      return entries.map(([, fields]) => JSON.parse(fields[1] ?? '') as unknown);
    },
    close: async () => {
      commands.close();
      await redis.stop();
    },
  };
}
