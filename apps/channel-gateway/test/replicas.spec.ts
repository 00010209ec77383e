import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { type Follower } from '@sluice/stream-log';
import { type ChannelView } from '../src/channels/channel-view.js';
import { TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';
import { StreamClient } from './support/socket.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(async () => {
  await redis?.stop();
});

const named = (application: string): Record<string, string> => ({ SLUICE_CHANNEL_GATEWAY_APPLICATION: application });

/** Keeps a replica from reading a channel until it is released. */
function holdBack(view: ChannelView): () => void {
  let isHeld = true;
  Object.assign(view, { canTake: () => !isHeld });
  return () => {
    isHeld = false;
    (view as unknown as { follower: Follower }).follower.resume();
  };
}

/** How many wait for the view to come level with the log. */
function levelling(view: ChannelView): number {
  return (view as unknown as { levelling: readonly unknown[] }).levelling.length;
}

describe('three replicas of an application', () => {
  let replicas: TestGateway[];

  beforeAll(async () => {
    const environment = named('three');
    replicas = await Promise.all([1, 2, 3].map(() => TestGateway.start({ application: lab(), redis, environment })));
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
  });

  it('show each record everywhere as soon as one has accepted it', async () => {
    for (let round = 0; round < 20; round++) {
      const [sender, reader, other] = [0, 1, 2].map((at) => replicas[(round + at) % 3] as TestGateway);
      const { body } = await (sender as TestGateway).post('/send/input', { x: round });
      const [record] = body as { id: string }[];
      expect(await reader?.list('/last/input')).toEqual([record]);
      expect(await other?.list(`/lookup/input/${record?.id}`)).toEqual([record]);
    }
  });

  it('run the modules on one of them, whoever was sent to', async () => {
    expect(replicas.filter(({ gateway }) => gateway.runner.isRunning)).toHaveLength(1);
    const sockets = await Promise.all(replicas.map((replica) => replica.socket()));
    await Promise.all(sockets.map((socket) => socket.sync({ action: 'subscribe', channel: 'doubled' })));
    for (const [x, replica] of replicas.entries()) await replica.post('/send/input', { x, text: 'once' });
    for (const socket of sockets) {
      const seen = [await socket.next('doubled'), await socket.next('doubled'), await socket.next('doubled')];
      expect(new Set(seen.map(({ data }) => data?.[0]?.['x']))).toEqual(new Set([0, 2, 4]));
      expect(socket.messages).toEqual([]);
      await socket.close();
    }
  });

  it('give no id twice', async () => {
    const answers = await Promise.all(
      replicas.flatMap((replica) =>
        [1, 2, 3].map(() =>
          replica.post(
            '/send/input',
            Array.from({ length: 300 }, () => ({})),
          ),
        ),
      ),
    );
    const ids = answers.flatMap(({ body }) => (body as { id: string }[]).map(({ id }) => id));
    expect([ids.length, new Set(ids).size]).toEqual([2700, 2700]);
  });

  it('wake who waits on another one, on the key that ticks alone', async () => {
    const [one, other] = replicas as [TestGateway, TestGateway];
    const left = one.list('/next/sides/LEFT');
    const right = one.get('/next/sides/RIGHT?timeout=0.3');
    const { waiters } = one.viewOf('sides');
    await waitFor(() => waiters.has('LEFT') && waiters.has('RIGHT'));
    await other.post('/send/sides/LEFT', { x: 5 });
    expect(await left).toMatchObject([{ x: 5 }]);
    expect((await right).body).toEqual([]);
  });

  it('take nothing for new that was accepted before, and all that comes later, also where it has not been read yet', async () => {
    const [ahead, behind] = replicas as [TestGateway, TestGateway];
    const release = holdBack(behind.viewOf('input'));
    await ahead.post('/send/input', { x: 50 });
    const socket = await behind.socket();
    socket.send({ action: 'subscribe', channel: 'input' });
    socket.send({ action: 'send', channel: 'input', data: { x: 51 } });
    const next = behind.list('/next/input');
    const last = behind.list('/last/input');
    await waitFor(() => levelling(behind.viewOf('input')) === 3);
    // Ticks while they wait: later than what they asked for.
    await ahead.post('/send/input', { x: 52 });
    release();
    expect(await last).toHaveLength(1);
    expect((await socket.next('input')).data).toMatchObject([{ x: 52 }]);
    expect((await socket.next('input')).data).toMatchObject([{ x: 51 }]);
    expect(await next).toMatchObject([{ x: 52 }]);
    await ahead.post('/send/input', { x: 53 });
    expect((await socket.next('input')).data).toMatchObject([{ x: 53 }]);
    expect(socket.messages).toEqual([]);
    await socket.close();
  });

  it('give of a key that is added to a subscription what ticks from then on, and nothing from before', async () => {
    const [ahead, behind] = replicas as [TestGateway, TestGateway];
    const socket = await behind.socket();
    await socket.sync({ action: 'subscribe', channel: 'sides', key: 'LEFT' });
    for (let round = 0; round < 40; round++) {
      await ahead.post('/send/sides/RIGHT', { x: round });
      await socket.sync({ action: 'subscribe', channel: 'sides', key: 'RIGHT' });
      await ahead.post('/send/sides/RIGHT', { x: 1_000 + round });
      expect((await socket.next('sides')).data).toMatchObject([{ x: 1_000 + round }]);
      await socket.sync({ action: 'unsubscribe', channel: 'sides', key: 'RIGHT' });
    }
    expect(socket.messages).toEqual([]);
    await socket.close();
  });

  it('go on with the modules elsewhere when one is stopped in order', async () => {
    const at = replicas.findIndex(({ gateway }) => gateway.runner.isRunning);
    const [stopped] = replicas.splice(at, 1) as [TestGateway];
    const [left] = replicas as [TestGateway];
    await left.post('/send/input', { x: 100, text: 'before' });
    await stopped.close();
    await left.post('/send/input', { x: 101, text: 'after' });
    await waitFor(async () => (await left.list('/last/doubled'))[0]?.['text'] === 'after');
    expect(await left.list('/last/doubled')).toMatchObject([{ x: 202 }]);
  });
});

describe('a restart', () => {
  it('keeps last ticks, those of keys long trimmed from the log, and look-ups', async () => {
    const environment = { ...named('restart'), SLUICE_CHANNEL_GATEWAY_WINDOW_ENTRIES: '50' };
    const first = await TestGateway.start({ application: lab(), redis, environment });
    const { body } = await first.post('/send/input', { x: 7 });
    const [record] = body as { id: string }[];
    await first.post('/send/sides/RIGHT', { x: 2 });
    await first.post('/send/lists', [{ x: 1 }, { x: 2 }]);
    await waitFor(async () => (await first.list('/last/doubled'))[0]?.['x'] === 14);
    await waitFor(() => first.gateway.runner.isRunning);
    await first.close();
    // What only the snapshot still knows.
    await redis.command('XTRIM', 'sluice:channels:{restart}:stream:sides', 'MAXLEN', '0');
    const second = await TestGateway.start({ application: lab(), redis, environment });
    try {
      expect(await second.list('/last/input')).toEqual([record]);
      expect(await second.list('/last/sides')).toMatchObject([{ x: 2 }]);
      expect(await second.list('/last/sides/RIGHT')).toMatchObject([{ x: 2 }]);
      expect(await second.list('/last/lists')).toMatchObject([{ x: 1 }, { x: 2 }]);
      expect(await second.list('/last/doubled')).toMatchObject([{ x: 14 }]);
      expect(await second.list(`/lookup/id/${record?.id}`)).toEqual([record]);
      const [later] = (await second.post('/send/input', {})).body as { id: string }[];
      expect(Number((later?.id ?? '').slice(0, 13))).toBeGreaterThan(Number((record?.id ?? '').slice(0, 13)));
    } finally {
      await second.close();
    }
  });
});

describe('a process that is killed', () => {
  const demo = (): Promise<RunningApp> =>
    startApp('channel-gateway', { REDIS_URL: redis.url, SLUICE_LOG_LEVEL: 'info', ...named('killed') });

  it('is followed by another one within five seconds, and has lost no record that it had accepted', async () => {
    const first = await demo();
    await waitFor(() => first.output.includes('the modules run here'));
    const second = await demo();
    const accepted: string[] = [];
    const send = async (): Promise<void> => {
      for (;;) {
        const response = await fetch(`${first.url}/api/v1/send/example`, { method: 'POST', body: '[{"x":1},{"x":2}]' });
        accepted.push(...((await response.json()) as { id: string }[]).map(({ id }) => id));
      }
    };
    const senders = [send(), send(), send()].map((sender) => sender.catch(() => undefined));
    await waitFor(() => accepted.length > 300);
    await first.kill('SIGKILL');
    await Promise.all(senders);
    const socket = await StreamClient.open(second.url);
    await socket.sync({ action: 'subscribe', channel: 'example_list' });
    const killedAt = performance.now();
    await socket.next('example_list');
    // The time of a loaded machine on top of the lease's.
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    for (const id of accepted) {
      const response = await fetch(`${second.url}/api/v1/lookup/example/${id}`);
      expect(await response.json()).toHaveLength(1);
    }
    await socket.close();
    await second.kill();
  });

  it('that was only paused does not write once another one has taken over', async () => {
    const first = await demo();
    await waitFor(() => first.output.includes('the modules run here'));
    const second = await demo();
    await first.kill('SIGSTOP');
    await waitFor(() => second.output.includes('the modules run here'));
    await first.kill('SIGCONT');
    await waitFor(() => first.output.includes('the modules run elsewhere now'));
    const epoch = String(await redis.command('GET', 'sluice:channels:{killed}:epoch'));
    const entries = (await redis.command(
      'XREVRANGE',
      'sluice:channels:{killed}:stream:example_list',
      '+',
      '-',
      'COUNT',
      3,
    )) as [string, string[]][];
    await waitFor(async () => {
      const [newest] = (await redis.command(
        'XREVRANGE',
        'sluice:channels:{killed}:stream:example_list',
        '+',
        '-',
        'COUNT',
        1,
      )) as [string, string[]][];
      return newest?.[0] !== entries[0]?.[0];
    });
    const after = (await redis.command(
      'XRANGE',
      'sluice:channels:{killed}:stream:example_list',
      `(${entries[0]?.[0]}`,
      '+',
    )) as [string, string[]][];
    expect(new Set(after.map(([, fields]) => fields[fields.indexOf('e') + 1]))).toEqual(new Set([epoch]));
    await Promise.all([first.kill(), second.kill()]);
  });
});
