import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { PtgClient } from './support/ptg.js';
import { Refused, TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let client: PtgClient;
const ORIGIN = 'http://elsewhere.test';
const TOKEN = { authorization: 'Bearer any' };

beforeAll(async () => {
  store = await startStore({ SLUICE_CORS_ORIGINS: '*' });
  client = new PtgClient(store);
});

afterAll(async () => {
  await store.close();
});

describe('browsers and the ptg dialect', () => {
  it('ask first without a token, and are told what they may send (2)', async () => {
    const preflight = await fetch(`${store.url}/ptg/data/x`, {
      method: 'OPTIONS',
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect([preflight.status, await preflight.text()]).toEqual([200, 'OK']);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  });

  it('may read entry-offset, and learn why they are refused (2, 3)', async () => {
    const answer = await client.fetch('/data/x', { headers: { origin: ORIGIN } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('entry-offset');
    const refused = await fetch(`${store.url}/ptg/data/x`, { headers: { origin: ORIGIN } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('of origins that are not listed get no socket, whatever token they hold', async () => {
    const strict = await startStore();
    for (const path of ['push', 'pull']) {
      const options = { origin: ORIGIN, headers: { cookie: 'authorization="Bearer any"' } };
      const foreign = TestSocket.open(`${strict.ws}/ptg/data/x/${path}`, options);
      await expect(foreign).rejects.toEqual(new Refused(403));
    }
    await strict.close();
  });
});

describe('sockets of the ptg dialect', () => {
  it('are compressed only where they ask for it (9)', async () => {
    const sid = uniqueName('deflate');
    const open = (path: string): Promise<TestSocket> =>
      TestSocket.open(`${store.ws}/ptg/data/${sid}/${path}`, { perMessageDeflate: true, headers: TOKEN });
    const plain = await open('push');
    expect(plain.ws.extensions).toBe('');
    const packed = await open('push?compress=1&ack=1');
    expect(packed.ws.extensions).toContain('permessage-deflate');
    packed.send(Buffer.from('x'.repeat(4000)));
    expect((await packed.next()).text).toMatch(/^\d+-\d+$/);
    const pull = await open('pull?compress=1&last_entry_id=0');
    expect((await pull.message()).payload.toString()).toBe('x'.repeat(4000));
    await Promise.all([plain.close(), packed.close(), pull.close()]);
  });

  it.each(['with space', 'größe', '温度', '🦊', 'per%cent', 'q?&=#', 'a/b', 'a+b', 'cam:x'])(
    'and requests take names like %j, percent-encoded (10)',
    async (name) => {
      const sid = uniqueName(name);
      const path = encodeURIComponent(sid);
      await client.upload(path, [{ payload: 'one', filename: 'f' }]);
      const push = await client.push(`${path}/push?ack=1`);
      push.send(Buffer.from('two'));
      await push.next();
      const key = sid.includes(':') ? sid : `default:${sid}`;
      // In all of them %2B is part of the name.
      expect((await store.entries(key)).map(({ d }) => d)).toEqual(['one', 'two']);
      const { offsets, texts } = await client.read(`${path}?count=2`);
      expect([offsets.map(([shown]) => shown), texts]).toEqual([
        [sid, sid],
        ['one', 'two'],
      ]);
      const pull = await client.pull(`${path}/pull?last_entry_id=0&count=2`);
      expect((await pull.message()).header.map(([shown]) => shown)).toEqual([sid, sid]);
      expect((await client.ask(`/streams/${path}`)).body).toMatchObject({ sid, length: 2 });
      await Promise.all([push.close(), pull.close()]);
    },
  );

  it('end with 1001 when the service stops, acknowledged what they pushed (100)', async () => {
    const stopping = await startStore();
    const other = new PtgClient(stopping);
    const push = await other.push('s/push?ack=1');
    const pull = await other.pull('s/pull?latest=0');
    push.send(Buffer.from('last'));
    expect((await push.next()).text).toMatch(/^\d+-\d+$/);
    expect((await pull.message()).payload.toString()).toBe('last');
    await stopping.service.close();
    expect([(await push.closed).code, (await pull.closed).code]).toEqual([1001, 1001]);
    await stopping.redis.stop();
  });
});

describe('without Redis', () => {
  it('requests are told so in the shape of the dialect, and pings go on', async () => {
    const lost = await startStore();
    const other = new PtgClient(lost);
    await lost.redis.kill();
    const answers = await Promise.all([
      other.ask('/streams'),
      other.ask('/streams/s'),
      other.put('/streams/s', { a: 1 }),
      other.ask('/data/s'),
      other.upload('s', [{ payload: 'x', filename: 'f' }]),
    ]);
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([503, { detail: [{ msg: expect.any(String), type: 'LOG_UNAVAILABLE' }] }]);
    }
    expect((await other.ask('/ping')).body).toBe(true);
    await lost.redis.restart();
    await waitFor(async () => (await other.ask('/streams')).status === 200, { message: 'the log is back' });
    await lost.close();
  });
});
