import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type DeviceEvent, type SluiceOptions, type StreamEvent } from '@sluice/sdk';
import { Sluice } from '@sluice/sdk/node';
import { freePort, startApp, startRedis, uniqueName, type RedisServer, type RunningApp } from '@sluice/testing';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

let redis: RedisServer;
let port: number;
let registry: RunningApp;
let store: RunningApp;
const clients: Sluice[] = [];

const startRegistry = (): Promise<RunningApp> => startApp('registry', { REDIS_URL: redis.url }, { port });

function connect(options: Partial<SluiceOptions> = {}): Sluice {
  const client = new Sluice({ url: registry.url, backoff: { firstDelayMs: 10, maxDelayMs: 50 }, ...options });
  clients.push(client);
  return client;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

async function take<T>(items: AsyncIterator<T, undefined>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = await items.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

const add = (key: string): Promise<unknown> => redis.command('XADD', key, '*', 'd', 'x');

beforeAll(async () => {
  redis = await startRedis();
  port = await freePort();
  [registry, store] = await Promise.all([startRegistry(), startApp('stream-store', { REDIS_URL: redis.url })]);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});
afterAll(async () => {
  await registry.kill();
  await store.kill();
  await redis.stop();
});

describe('what the SDK asks of the registry', () => {
  it('fits the schema: after a change of either, npx node tools/graphql.mjs', () => {
    execFileSync(process.execPath, ['tools/graphql.mjs', '--check'], { cwd: ROOT, stdio: 'pipe' });
  });
});

describe('devices', () => {
  it('connects, describes, finds and disconnects them', async () => {
    const { devices } = connect();
    const name = uniqueName('cam');
    expect(await devices.get(name)).toMatchObject({ id: name, connected: false, meta: {}, lastSeen: null });
    expect(await devices.connect(name, { lens: { mm: 35 } })).toEqual({ isChanged: true, isNew: true });
    await devices.setMeta(name, { owner: name }, { merges: true });
    const found = await all(devices.list({ where: [{ path: 'owner', equals: name }] }));
    expect(found).toMatchObject([{ id: name, connected: true, meta: { lens: { mm: 35 }, owner: name } }]);
    expect(await devices.disconnect(name)).toEqual({ isChanged: true, isNew: false });
    expect(await all(devices.list({ match: name }))).toEqual([]);
    expect(await all(devices.list({ match: name, includeAll: true }))).toMatchObject([{ id: name, connected: false }]);
  });

  it('refuses a change of metadata that somebody else has changed meanwhile, and says so', async () => {
    const { devices } = connect();
    const name = uniqueName('cam');
    await devices.setMeta(name, { n: 1 });
    const { revision } = await devices.get(name);
    await devices.setMeta(name, { n: 2 }, { expectedRevision: revision });
    await expect(devices.setMeta(name, { n: 3 }, { expectedRevision: revision })).rejects.toMatchObject({
      code: 'REVISION_CONFLICT',
    });
    expect((await devices.get(name)).meta).toEqual({ n: 2 });
  });

  it('lists more of them than fit on a page', async () => {
    const { devices } = connect();
    const prefix = uniqueName('many');
    const names = Array.from({ length: 450 }, (_, at) => `${prefix}-${String(at).padStart(3, '0')}`);
    for (const name of names) await redis.command('SADD', ':devices:connected', name);
    expect((await all(devices.list({ match: `${prefix}*` }))).map(({ id }) => id)).toEqual(names);
  });

  it('follows them over a lost connection, and says that something may have been missed before the first event', async () => {
    const { devices } = connect();
    const name = uniqueName('cam');
    const events = devices.events({ names: [name] });
    await events.ready;
    const next = events.next();
    await registry.kill('SIGKILL');
    registry = await startRegistry();
    expect((await next).value).toEqual({ type: 'missed' });
    await devices.connect(name, { n: 1 });
    const told: (DeviceEvent | undefined)[] = await take(events, 2);
    const position = expect.any(String);
    expect(told).toEqual(
      expect.arrayContaining([
        { type: 'connected', device: name, meta: { n: 1 }, position },
        { type: 'meta', device: name, meta: { n: 1 }, position },
      ]),
    );
  });

  it('tells what became of them while the connection was lost, and after an event that another program has seen', async () => {
    const { devices } = connect();
    const name = uniqueName('cam');
    const events = devices.events({ names: [name] });
    await events.ready;
    await devices.setMeta(name, { n: 1 });
    const [first] = await take(events, 1);
    const next = events.next();
    await registry.kill('SIGKILL');
    // As another replica would.
    const other = await startApp('registry', { REDIS_URL: redis.url });
    await connect({ url: other.url }).devices.setMeta(name, { n: 2 });
    await other.kill();
    registry = await startRegistry();
    const second = (await next).value;
    expect(second).toMatchObject({ type: 'meta', device: name, meta: { n: 2 } });
    if (first?.type !== 'meta') throw new Error(`${first?.type} came`);
    const later = connect().devices.events({ names: [name], since: first.position });
    expect((await later.next()).value).toEqual(second);
    await expect(devices.events({ since: 'nothing' }).next()).rejects.toMatchObject({ code: 'INVALID_ID' });
  });

  it('ends when asked to, by break, by signal and with its client', async () => {
    const client = connect();
    const ending = new AbortController();
    const events = client.devices.events({ signal: ending.signal });
    await events.ready;
    const waiting = events.next();
    ending.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const others = client.devices.events();
    const next = others.next();
    client.destroy();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

describe('streams', () => {
  it('tells what is known of one, and of one that does not exist', async () => {
    const { streams } = connect();
    const name = uniqueName('s');
    await add(`default:${name}`);
    await streams.setMeta(name, { format: 'mp4' });
    const details = await streams.details(name);
    expect(details).toMatchObject({ id: `default:${name}`, error: '', length: 1, meta: { format: 'mp4' }, lag: null });
    expect(details.lastEntryTime).toMatch(/^\d{4}-/);
    expect(await streams.details(uniqueName('none'))).toMatchObject({ error: 'no such key', length: 0, meta: {} });
  });

  it('finds them by what is in their metadata', async () => {
    const { streams } = connect();
    const [one, two] = [uniqueName('cam:a'), uniqueName('cam:b')];
    await streams.setMeta(one, { tag: one, n: 1 });
    await streams.setMeta(two, { tag: one, n: 2 });
    const found = await all(
      streams.search({
        where: [
          { path: 'tag', equals: one },
          { path: 'n', equals: 2 },
        ],
      }),
    );
    expect(found.map(({ id }) => id)).toEqual([two]);
    const where = Array.from({ length: 21 }, () => ({ path: 'n' }));
    await expect(all(streams.search({ where }))).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  it('follows those that appear and go', async () => {
    const { streams } = connect();
    const prefix = `${uniqueName('dev')}:`;
    const events = streams.events({ prefix });
    await events.ready;
    const pusher = new Sluice({ url: store.url });
    clients.push(pusher);
    await pusher.push(`${prefix}made`, 'x');
    expect((await events.next()).value).toEqual({ type: 'created', stream: `${prefix}made` });
    await pusher.streams.delete(`${prefix}made`);
    const gone: StreamEvent | undefined = (await events.next()).value;
    expect(gone).toEqual({ type: 'deleted', stream: `${prefix}made` });
  });
});
