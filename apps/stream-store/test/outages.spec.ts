import { afterEach, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { Refused, TestSocket, cut } from './support/socket.js';
import { startStore, type Store } from './support/store.js';
import { upload } from './support/upload.js';

let store: Store;

afterEach(async () => {
  await store.close();
});

describe('when Redis is killed and comes back', () => {
  it('no acknowledged entry is lost, and followers go on with each exactly once (99)', async () => {
    store = await startStore({ SLUICE_DURABILITY: 'always' }, { appendonly: true, appendfsync: 'always' });
    const sid = uniqueName('s');
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?block=0`);
    const acked: string[] = [];
    let isOver = false;
    const writer = (async () => {
      for (let n = 0; !isOver;) {
        const push = await TestSocket.open(`${store.ws}/data/${sid}/push?header=0&ack=1`).catch(() => null);
        if (push === null) continue;
        for (;;) {
          push.send(Buffer.from(String(n++)));
          const ids = await push.json<string[]>().catch(() => null);
          if (ids === null) break;
          acked.push(...ids);
          if (isOver) break;
        }
        await push.close();
      }
    })();
    await waitFor(() => acked.length > 100);
    await store.redis.restart();
    const before = acked.length;
    await waitFor(() => acked.length > before + 100);
    isOver = true;
    await writer;
    const stored = (await store.entries(`default:${sid}`)).map(({ id }) => id);
    expect(acked.filter((id) => !stored.includes(id))).toEqual([]);
    const received: string[] = [];
    while (received.length < stored.length) received.push(...cut(await pull.message()).map(({ id }) => id));
    expect(received).toEqual(stored);
    await pull.close();
  });

  it('says so meanwhile: not ready, 503 over HTTP and for upgrades, and is ready again after', async () => {
    store = await startStore();
    const sid = uniqueName('s');
    await store.redis.kill('SIGKILL');
    expect((await fetch(`${store.url}/health/ready`)).status).toBe(503);
    const refused = await upload(`${store.url}/data/${sid}`, [{ payload: 'x', filename: 'f' }]);
    expect(refused).toMatchObject({ status: 503, body: { error: expect.any(String) } });
    await expect(TestSocket.open(`${store.ws}/data/${sid}/pull`)).rejects.toEqual(new Refused(503));
    const push = await TestSocket.open(`${store.ws}/data/${sid}/push`);
    push.push([1], 'x');
    expect(await push.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('LOG_UNAVAILABLE') });
    await store.redis.restart();
    await waitFor(async () => (await fetch(`${store.url}/health/ready`)).status === 200);
    await waitFor(
      async () => (await upload(`${store.url}/data/${sid}`, [{ payload: 'x', filename: 'f' }])).status === 200,
    );
  });
});

describe('when Redis is full', () => {
  it('pushes are refused with 507 and 1013, readers go on, and writing works again when there is room', async () => {
    store = await startStore({}, { maxmemory: '100mb' });
    const sid = uniqueName('s');
    await store.add(`default:${sid}`, 'before', '1-0');
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?last_entry_id=0&block=50`);
    expect((await pull.message()).header).toHaveLength(1);
    await store.redis.command('CONFIG', 'SET', 'maxmemory', '500kb');
    const push = await TestSocket.open(`${store.ws}/data/${sid}/push`);
    push.push([1], 'x');
    expect(await push.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('LOG_FULL') });
    expect((await upload(`${store.url}/data/${sid}`, [{ payload: 'x', filename: 'f' }])).status).toBe(507);
    const raw = await fetch(`${store.url}/v1/streams/default/${sid}/entries`, { method: 'POST', body: 'x' });
    expect(((await raw.json()) as { error: { code: string } }).error.code).toBe('LOG_FULL');
    expect((await pull.message()).header).toEqual([]);
    await store.redis.command('CONFIG', 'SET', 'maxmemory', '100mb');
    expect((await upload(`${store.url}/data/${sid}`, [{ payload: 'after', filename: 'f' }])).status).toBe(200);
    let header = (await pull.message()).header;
    while (header.length === 0) ({ header } = await pull.message());
    expect(header).toHaveLength(1);
    await pull.close();
  });
});

describe('a service that stops', () => {
  it('settles what it accepted, closes its sockets with 1001, and answers waiting requests (100)', async () => {
    store = await startStore();
    const sid = uniqueName('s');
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?block=0`);
    const push = await TestSocket.open(`${store.ws}/data/${sid}/push?header=0&ack=1`);
    const v1 = await TestSocket.open(`${store.ws}/v1/socket`, {}, ['sluice.v1']);
    const waiting = fetch(`${store.url}/data/${uniqueName('other')}?block=0`);
    const live = await fetch(`${store.url}/v1/streams/default/${sid}/stream`);
    await store.followers(3);
    for (let n = 0; n < 500; n++) push.send(Buffer.from('x'));
    await push.json();
    const closing = store.service.close();
    let acks = 1;
    const closings = await Promise.all([pull.closed, v1.closed, push.closed]);
    expect(closings.map(({ code }) => code)).toEqual([1001, 1001, 1001]);
    for (; push.pending > 0; acks++) await push.next();
    expect(acks).toBe((await store.entries(`default:${sid}`)).length);
    expect((await waiting).status).toBe(200);
    await live.text();
    await closing;
  });
});
