import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster, waitFor, type ClusterNode, type RedisCluster } from '@sluice/testing';
import { TestGateway, type Answer } from './support/gateway.js';
import { states } from './support/states.js';
import { type StreamClient } from './support/socket.js';

let cluster: RedisCluster;
let replicas: [TestGateway, TestGateway];

beforeAll(async () => {
  cluster = await startCluster();
  const start = (): Promise<TestGateway> =>
    TestGateway.start({
      application: states(),
      redis: cluster.node(0).server,
      environment: { REDIS_URL: cluster.url, SLUICE_CHANNEL_GATEWAY_APPLICATION: 'spread' },
    });
  replicas = [await start(), await start()];
}, 90_000);

afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.close()));
  await cluster?.stop();
}, 60_000);

/** The node that keeps the application's channels. */
async function owner(): Promise<ClusterNode> {
  const { server } = cluster.nodes.find((node) => node.server.isRunning) as ClusterNode;
  const slot = await server.command('CLUSTER', 'KEYSLOT', 'sluice:channels:{spread}:epoch');
  return waitFor(() => cluster.ownerOf(Number(slot)), { timeoutMs: 30_000 });
}

const stage = (gateway: TestGateway, method: string, body?: object): Promise<Answer> =>
  gateway.get('/stage/orders', { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

const numbers = (records: readonly Record<string, unknown>[]): unknown[] => records.map(({ n }) => n);

async function subscribed(gateway: TestGateway, channel: string): Promise<StreamClient> {
  const socket = await gateway.socket();
  await socket.sync({ action: 'subscribe', channel, gaps: true });
  return socket;
}

describe('channels on a cluster', () => {
  it('are declared at run time, and removed with all they hold', async () => {
    const [one, other] = replicas;
    const record = { type: 'object', properties: { n: { type: 'integer' } } };
    const definition = { name: 'declared', record, states: [{ keyBy: ['n'], alias: 'declared_by_n' }] };
    expect((await one.post('/channels', definition)).status).toBe(201);
    const { body } = await other.post('/send/declared', { n: 1 });
    expect(await one.list('/last/declared')).toEqual(body);
    expect(await one.list('/state/declared_by_n')).toEqual(body);
    expect((await other.get('/channels/declared', { method: 'DELETE' })).status).toBe(204);
    expect((await other.get('/last/declared')).status).toBe(404);
    expect(await (await owner()).server.command('EXISTS', 'sluice:channels:{spread}:stream:declared')).toBe(0);
  });

  it('tick on every replica: last, next, look-up, baskets, states, history, SQL, sockets', async () => {
    const [one, other] = replicas;
    const socket = await subscribed(other, 'keyed');
    const next = other.list('/next/keyed');
    const { body } = await one.post('/send/keyed', [
      { text: 'a', n: 1 },
      { text: 'b', n: 2 },
    ]);
    const [first] = body as { id: string }[];
    expect(await other.list('/last/keyed')).toMatchObject([{ n: 2 }]);
    expect(await other.list(`/lookup/keyed/${first?.id}`)).toMatchObject([{ n: 1 }]);
    expect((await socket.next('keyed')).data).toMatchObject([{ n: 1 }]);
    expect(await next).toHaveLength(1);
    await one.post('/send/sides', { LEFT: { n: 3 }, RIGHT: { n: 4 } });
    expect(await other.list('/last/sides/RIGHT')).toMatchObject([{ n: 4 }]);
    expect(new Set(numbers(await other.list('/state/keyed')))).toEqual(new Set([1, 2]));
    expect(numbers(await other.list('/history/keyed'))).toEqual([1, 2]);
    const answer = await other.post('/sql', { sql: 'SELECT max(n) AS n FROM keyed' });
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([200, expect.stringContaining('2')]);
    await socket.close();
  });

  it('are staged on one replica and released on another, and modules hear of it', async () => {
    const [one, other] = replicas;
    const socket = await subscribed(other, 'actions');
    await stage(one, 'POST', { text: 'x' });
    const { status, body } = await stage(other, 'PATCH');
    expect([status, Object.values(body as object).flat()]).toMatchObject([200, [{ text: 'x' }]]);
    const told = [await socket.next('actions'), await socket.next('actions'), await socket.next('actions')];
    expect(told.map(({ data }) => String(data?.[0]?.['text']).split(' ', 1)[0])).toEqual([
      'CREATED',
      'ADDED',
      'RELEASED',
    ]);
    await socket.close();
  });

  it('outlive a master that is killed under load: requests are told, and go through again, sockets and modules go on', async () => {
    const [one, other] = replicas;
    const socket = await subscribed(other, 'samples');
    const statuses = new Set<number>();
    let isSending = true;
    const sending = (async (): Promise<void> => {
      for (let n = 0; isSending; n += 1) statuses.add((await one.post('/send/samples', { n })).status);
    })();
    await socket.next('samples');
    await cluster.killMaster((await owner()).index);
    await owner();
    await waitFor(async () => (await other.post('/send/keyed', { text: 'c', n: 9 })).status === 200, {
      timeoutMs: 30_000,
    });
    isSending = false;
    await sending;
    expect([...statuses].filter((status) => ![200, 503].includes(status))).toEqual([]);
    expect(await one.list('/last/keyed')).toMatchObject([{ n: 9 }]);
    expect(numbers(await one.list('/state/keyed'))).toContain(9);
    expect((await one.post('/send/samples', { text: 'behind it' })).status).toBe(200);
    await socket.find(({ data }) => data?.[0]?.['text'] === 'behind it');
    await socket.sync({ action: 'subscribe', channel: 'actions' });
    await waitFor(async () => (await stage(one, 'POST', { text: 'y' })).status === 200);
    await socket.find(({ channel }) => channel === 'actions');
    await socket.close();
  }, 90_000);
});
