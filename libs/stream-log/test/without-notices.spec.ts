import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis, uniqueName, waitFor } from '@sluice/testing';
import { StreamLog } from '../src/index.js';
import { Collector, KEEP_ALL } from './collector.js';

let redis: RedisServer;
let log: StreamLog;
const warnings: string[] = [];

beforeAll(async () => {
  redis = await startRedis();
  await redis.command('ACL', 'SETUSER', 'plain', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
  const url = redis.url.replace('redis://', 'redis://plain:secret@');
  const retention = KEEP_ALL;
  const onWarning = (message: string): void => void warnings.push(message);
  log = await StreamLog.connect({ url, durability: { kind: 'everysec' }, retention, onWarning });
});

afterAll(async () => {
  await log.close();
  await redis.stop();
});

describe('where change notices are refused', () => {
  it('followers still get every entry, and the fallback is said once', async () => {
    const keys = [uniqueName('a'), uniqueName('b'), uniqueName('c')];
    const sinks = keys.map(() => new Collector());
    const followers = keys.map((key, index) => log.follow(key, { after: '$' }, sinks[index] ?? new Collector()));
    await Promise.all(followers.map((follower) => follower.ready));
    for (let round = 0; round < 5; round++) {
      await Promise.all(keys.map((key) => log.append(key, Buffer.from(String(round)))));
      for (const sink of sinks)
        await waitFor(() => sink.payloads.length > round, { message: `round ${round} delivered` });
    }
    expect(sinks.map((sink) => sink.payloads)).toEqual(keys.map(() => ['0', '1', '2', '3', '4']));
    expect(warnings.filter((warning) => warning.includes('XREAD BLOCK'))).toHaveLength(1);
    for (const follower of followers) follower.close();
  });

  it('the password is in no message', async () => {
    const url = redis.url.replace('redis://', 'redis://plain:wrong-secret@');
    const retention = KEEP_ALL;
    const refused = StreamLog.connect({ url, durability: { kind: 'everysec' }, retention, connectTimeoutMs: 300 });
    const message = await refused.then(
      () => 'connected',
      (error: unknown) => String(error),
    );
    expect(message).toContain('WRONGPASS');
    expect(message).not.toContain('wrong-secret');
  });
});
