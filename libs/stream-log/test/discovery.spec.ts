import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type StreamEvent } from '@sluice/contracts';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { StreamAdmin, type StreamAdminOptions } from '../src/admin/admin.js';
import { StreamLog } from '../src/index.js';

/** A process as the services make it: an admin, and a log that announces through it. */
interface Process {
  readonly admin: StreamAdmin;
  readonly log: StreamLog;
}

const NEVER_MS = 2 ** 30;
let redis: RedisServer;
const processes: Process[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
afterEach(async () => {
  await Promise.all(processes.splice(0).map(({ admin, log }) => Promise.all([admin.close(), log.close()])));
  await redis.command('FLUSHALL');
});

async function start(options: Partial<StreamAdminOptions> = {}): Promise<Process> {
  const admin = await StreamAdmin.connect({ url: redis.url, scanEveryMs: NEVER_MS, ...options });
  const log = await StreamLog.connect({
    url: redis.url,
    durability: { kind: 'everysec' },
    retention: admin.keeper,
    onFirstAppend: (key) => admin.discovery.noteAppend(key),
  });
  processes.push({ admin, log });
  admin.discovery.attach(
    (key, follow, sink) => log.follow(key, follow, sink),
    (key) => log.announceAgain(key),
  );
  return { admin, log };
}

async function commandCalls(name: string): Promise<number> {
  const info = String(await redis.command('INFO', 'commandstats'));
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
}

describe('a watcher', () => {
  test('is told of the streams there are, and at once of those that another process makes', async () => {
    const [watching, writing] = [await start(), await start()];
    await redis.command('XADD', 'cam1:old', '*', 'd', 'x');
    const events: StreamEvent[] = [];
    await watching.admin.discovery.watch({ match: 'cam*' }, (event) => events.push(event));
    expect(events).toEqual([{ type: 'created', name: 'cam1:old' }]);
    await writing.log.append('cam2:new', Buffer.from('x'));
    await writing.log.append('other:new', Buffer.from('x'));
    await waitFor(() => events.length === 2);
    expect(events[1]).toEqual({ type: 'created', name: 'cam2:new' });
  });

  test('is told of a deletion, and of the stream made anew', async () => {
    const [watching, writing] = [await start(), await start()];
    const events: string[] = [];
    await watching.admin.discovery.watch({}, ({ type, name }) => events.push(`${type} ${name}`));
    await writing.log.append('default:a', Buffer.from('x'));
    await waitFor(() => events.includes('created default:a'));
    await watching.admin.deleteStream('default:a');
    await waitFor(() => events.includes('deleted default:a'));
    await start().then(({ log }) => log.append('default:a', Buffer.from('y')));
    await waitFor(() => events.length === 3);
    expect(events).toEqual(['created default:a', 'deleted default:a', 'created default:a']);
  });

  test('is told at once of a stream that goes and comes back, each time, by who wrote to it all along', async () => {
    const [watching, writing] = [await start(), await start()];
    const events: string[] = [];
    await watching.admin.discovery.watch({}, ({ type }) => events.push(type));
    for (let round = 1; round <= 3; round++) {
      await waitFor(async () => {
        // Until the writer has heard of the deletion too, which came with the same event, its entries are not told.
        await writing.log.append('default:a', Buffer.from('x'));
        return events.length === 2 * round - 1;
      });
      await watching.admin.deleteStream('default:a');
      await waitFor(() => events.length === 2 * round);
    }
    expect(events).toEqual(['created', 'deleted', 'created', 'deleted', 'created', 'deleted']);
  });

  test('is told of streams that foreign tools make and delete, by the scan', async () => {
    const watching = await start({ scanEveryMs: 50 });
    const events: string[] = [];
    await watching.admin.discovery.watch({}, ({ type, name }) => events.push(`${type} ${name}`));
    await redis.command('XADD', 'default:foreign', '*', 'd', 'x');
    await waitFor(() => events.includes('created default:foreign'));
    await redis.command('DEL', 'default:foreign');
    await waitFor(() => events.includes('deleted default:foreign'));
    expect(events).toHaveLength(2);
  });

  test('costs scans only while somebody watches', async () => {
    const watching = await start({ scanEveryMs: 30 });
    const before = await commandCalls('scan');
    const stop = await watching.admin.discovery.watch({}, () => undefined);
    await waitFor(async () => (await commandCalls('scan')) >= before + 3);
    stop();
    const after = await commandCalls('scan');
    for (let n = 0; n < 5; n++) await watching.admin.info('default:none').catch(() => undefined);
    expect((await commandCalls('scan')) - after).toBeLessThanOrEqual(1);
  });
});

test('a stream that has long been there is not announced again', async () => {
  await redis.command(
    'EVAL',
    "for i = 1, 200 do redis.call('XADD', KEYS[1], i .. '-1', 'd', 'x') end",
    1,
    'default:old',
  );
  const { log } = await start();
  await log.append('default:old', Buffer.from('x'));
  await log.append('default:new', Buffer.from('x'));
  await waitFor(async () => (await redis.command('EXISTS', 'sluice:events:streams')) === 1);
  const events = JSON.stringify(await redis.command('XRANGE', 'sluice:events:streams', '-', '+'));
  expect(events).toContain('default:new');
  expect(events).not.toContain('default:old');
});
