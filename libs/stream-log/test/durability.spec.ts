import { afterEach, describe, expect, test } from '@jest/globals';
import { startRedis, uniqueName, waitFor, type RedisServer } from '@sluice/testing';
import { StreamLog, type Durability } from '../src/index.js';
import { KEEP_ALL } from './collector.js';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

async function startServer(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  open.push({ close: () => server.stop() });
  return server;
}

async function startReplica(master: RedisServer): Promise<RedisServer> {
  const replica = await startServer({ args: ['--replicaof', `127.0.0.1 ${master.port}`] });
  await waitFor(async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up'));
  return replica;
}

async function connect(redis: RedisServer, durability: Durability): Promise<StreamLog> {
  const log = await StreamLog.connect({ url: redis.url, durability, retention: KEEP_ALL });
  open.push(log);
  return log;
}

describe('an acknowledgement with replicas:1', () => {
  test('comes when a replica has the entry', async () => {
    const master = await startServer({ args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await startReplica(master);
    const log = await connect(master, { kind: 'replicas', count: 1 });
    const key = uniqueName('copied');
    const ids = await Promise.all(Array.from({ length: 50 }, (_, n) => log.append(key, Buffer.from(String(n)))));
    await master.kill('SIGKILL');
    const held = (await replica.command('XRANGE', key, '-', '+')) as [string][];
    expect(held.map(([id]) => id)).toEqual(ids);
  });

  test('does not come while the replica hangs: the error says that the entry is stored, and comes within seconds for any number', async () => {
    const master = await startServer({ args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await startReplica(master);
    const log = await connect(master, { kind: 'replicas', count: 1 });
    const key = uniqueName('alone');
    await replica.kill('SIGSTOP');
    const outcomes = [];
    for (let turn = 0; turn < 30; turn++) {
      outcomes.push(log.append(key, Buffer.from(String(turn))));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const settled = await Promise.allSettled(outcomes);
    for (const outcome of settled) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'DURABILITY_NOT_MET', details: { replicas: 0, wanted: 1 } },
      });
    }
    expect(await master.command('XLEN', key)).toBe(30);
    await replica.kill('SIGCONT');
    await waitFor(() => log.append(key, Buffer.from('copied')));
  });

  test('needs as many replicas as it names', async () => {
    const master = await startServer({ args: ['--repl-diskless-sync-delay', '0'] });
    await startReplica(master);
    const log = await connect(master, { kind: 'replicas', count: 2 });
    await expect(log.append('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'DURABILITY_NOT_MET',
      details: { replicas: 1, wanted: 2 },
    });
  });
});

describe('the promise that is reported', () => {
  test.each([
    [{ appendonly: false }, 'everysec', 'none', false],
    [{ appendonly: true, appendfsync: 'no' }, 'everysec', 'none', false],
    [{ appendonly: true, appendfsync: 'everysec' }, 'everysec', 'everysec', true],
    [{ appendonly: true, appendfsync: 'everysec' }, 'always', 'everysec', false],
    [{ appendonly: true, appendfsync: 'always' }, 'everysec', 'always', true],
    [{ appendonly: true, appendfsync: 'always' }, 'always', 'always', true],
  ] as const)('with %j and %s asked is %s', async (settings, kind, holds, isMet) => {
    const log = await connect(await startServer(settings), { kind });
    expect(await log.readDurability()).toEqual({ asked: kind, holds, isMet });
  });
});
