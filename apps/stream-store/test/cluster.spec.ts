import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCluster, uniqueName, type RedisCluster } from '@sluice/testing';
import { createStore } from '../src/create-store.js';
import { TestSocket, cut } from './support/socket.js';
import { read, upload } from './support/upload.js';

let cluster: RedisCluster;
let service: Awaited<ReturnType<typeof createStore>>;
let url = '';

beforeAll(async () => {
  cluster = await startCluster();
  service = await createStore({ REDIS_URL: cluster.url, SLUICE_STREAM_STORE_PORT: '0', SLUICE_LOG_LEVEL: 'silent' });
  url = await service.listen();
}, 60_000);

afterAll(async () => {
  await service.close();
  await cluster.stop();
});

describe('on a cluster', () => {
  it('one message reaches streams of every slot, and one pull reads them all', async () => {
    const sids = Array.from({ length: 12 }, (_, n) => uniqueName(`s${n}`));
    const ws = url.replace('http', 'ws');
    const pull = await TestSocket.open(`${ws}/data/${sids.join('+')}/pull`);
    const push = await TestSocket.open(`${ws}/data/x/push?ack=1`);
    push.push(
      sids.map((sid, n) => [sid, n + 1]),
      'abcdefghijkl',
    );
    expect(await push.json()).toHaveLength(12);
    const received = new Map<string, string>();
    while (received.size < 12) for (const { sid, text } of cut(await pull.message())) received.set(sid, text);
    expect(sids.map((sid) => received.get(sid)).join('')).toBe('abcdefghijkl');
    expect((await read(`${url}/data/${sids.join('+')}?last_entry_id=0`)).body).toBe('abcdefghijkl');
    await Promise.all([pull.close(), push.close()]);
  });

  it('names that cannot keep their keys in one slot are refused, others with braces are not', async () => {
    const refused = await upload(`${url}/data/${encodeURIComponent('a}b')}`, [{ payload: 'x', filename: 'f' }]);
    expect(refused).toMatchObject({ status: 400, body: { error: expect.stringContaining('slot') } });
    const taken = await upload(`${url}/data/${encodeURIComponent('{a}b')}`, [{ payload: 'x', filename: 'f' }]);
    expect(taken.status).toBe(200);
    const push = await TestSocket.open(`${url.replace('http', 'ws')}/data/x/push`);
    push.push([['a}b', 1]], 'x');
    expect(await push.closed).toMatchObject({ code: 1008, reason: expect.stringContaining('CROSS_SLOT_NAME') });
  });
});
