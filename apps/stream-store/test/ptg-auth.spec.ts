import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tokens, UserDirectory } from '@sluice/service-kit';
import { uniqueName, waitFor } from '@sluice/testing';
import { PtgClient } from './support/ptg.js';
import { Refused } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

const NAMED = ['/streams/x', '/data/x'];

describe('the ptg dialect in open mode', () => {
  let store: Store;

  beforeAll(async () => {
    store = await startStore();
  });

  afterAll(async () => {
    await store.close();
  });

  it.each([
    ['GET', '/streams'],
    ...NAMED.map((path) => ['GET', path] as const),
    ['PUT', '/streams/x'],
    ['DELETE', '/streams/x'],
    ['POST', '/data/x'],
  ])('asks for any bearer token at %s %s (62, 65)', async (method, path) => {
    const without = await new PtgClient(store, null).ask(path, { method });
    expect(without).toMatchObject({ status: 401, body: { detail: 'Not authenticated' } });
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
    const scheme = await new PtgClient(store, null).ask(path, { method, headers: { authorization: 'Basic eDp5' } });
    expect(scheme.status).toBe(401);
    expect((await new PtgClient(store, 'garbage').ask(path, { method })).status).not.toBe(401);
  });

  it.each(['x/push', 'x/pull'])('asks for it before the upgrade to %s (64)', async (path) => {
    await expect(new PtgClient(store, null).pull(path)).rejects.toEqual(new Refused(401));
    await (await new PtgClient(store, 'garbage').pull(path)).close();
    await (await new PtgClient(store, null).pull(`${path}?token=garbage`)).close();
  });

  it.each(['/ping', '/ping/auth', '/metrics'])('leaves %s open (65)', async (path) => {
    expect((await new PtgClient(store, null).fetch(path)).status).toBe(200);
  });
});

describe('two users of the ptg dialect in strict mode', () => {
  let store: Store;
  let admin: PtgClient;
  let ada: PtgClient;
  let guest: PtgClient;
  const theirs = uniqueName('bob');
  const never = uniqueName('bob');
  const own = uniqueName('ada');

  beforeAll(async () => {
    store = await startStore({ SLUICE_AUTH_MODE: 'strict' });
    const [users, tokens] = [store.service.app.get(UserDirectory), store.service.app.get(Tokens)];
    await waitFor(async () => (await fetch(`${store.url}/health/ready`)).ok, { message: 'the store is ready' });
    const scopes = ['stream:read=default:ada*', 'stream:write=default:ada*', 'stream:read=:event:*'];
    await users.add({ name: 'ada', password: 'correct horse', scopes }, 'test');
    await users.add({ name: 'guest', password: 'battery staple', scopes: ['stream:read=default:ada*'] }, 'test');
    await users.add({ name: 'root', password: 'a root of old', scopes: ['admin'] }, 'test');
    const clientOf = async (name: string): Promise<PtgClient> => {
      return new PtgClient(store, (await tokens.issue(name, {})).token);
    };
    [ada, guest, admin] = await Promise.all([clientOf('ada'), clientOf('guest'), clientOf('root')]);
    for (const sid of [theirs, own]) await store.add(`default:${sid}`, 'secret', '1-0');
    await admin.put(`/streams/${theirs}`, { secret: 1 });
  });

  afterAll(async () => {
    await store.close();
  });

  it('see only their own streams in lists', async () => {
    expect((await ada.ask('/streams')).body).toEqual([own]);
    const infos = await ada.ask<{ sid: string }[]>('/streams?info=1');
    expect(infos.body.map(({ sid }) => sid)).toEqual([own]);
    expect((await admin.ask('/streams')).body).toEqual([own, theirs].sort());
  });

  /** What somebody is told, without the name in it. */
  async function told(client: PtgClient, method: string, path: string, sid: string): Promise<string> {
    const form = new FormData();
    form.append('entries', new Blob(['x']), 'f');
    const body = method === 'POST' ? form : method === 'PUT' ? '{}' : null;
    const response = await client.fetch(path.replace('SID', sid), { method, body });
    const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
    return JSON.stringify([response.status, headers, await response.text()]).replaceAll(sid, 'SID');
  }

  it.each([
    ['GET', '/streams/SID'],
    ['GET', '/streams/SID?report_error=1'],
    ['PUT', '/streams/SID'],
    ['PUT', '/streams/SID?override=1'],
    ['DELETE', '/streams/SID'],
    ['DELETE', `/streams/${own}+SID`],
    ['GET', '/data/SID'],
    ['GET', `/data/${own}+SID`],
    ['GET', '/data/default:SID'],
    ['POST', '/data/SID'],
  ])('are refused alike by %s %s whether or not the stream is there', async (method, path) => {
    const [there, nowhere] = [await told(ada, method, path, theirs), await told(ada, method, path, never)];
    expect(there).toContain('FORBIDDEN');
    expect(there.startsWith('[403,')).toBe(true);
    expect(nowhere).toBe(there);
    expect((await store.entries(`default:${theirs}`)).length).toBe(1);
    expect((await store.entries(`default:${own}`)).length).toBe(1);
    expect(await store.redis.command('EXISTS', `default:${never}`, `:stream:meta:default:${never}`)).toBe(0);
  });

  it('do not reach a stream by the filename of a part', async () => {
    const parts = [own, theirs].map((filename) => ({ payload: 'x', filename }));
    expect((await ada.upload('*', parts)).status).toBe(403);
    expect((await store.entries(`default:${own}`)).length).toBe(1);
  });

  it.each(['SID/push', 'SID/pull', `${own}+SID/pull`, 'default:SID/pull'])(
    'are refused alike before the upgrade to %s',
    async (path) => {
      for (const sid of [theirs, never]) {
        await expect(ada.pull(path.replace('SID', sid))).rejects.toEqual(new Refused(403));
      }
    },
  );

  it('are refused alike by what a header names', async () => {
    const closings = [];
    for (const sid of [theirs, never]) {
      const socket = await ada.push('*/push?ack=1');
      socket.push(
        [
          [own, 1],
          [sid, 2],
        ],
        'ab',
      );
      const { code, reason } = await socket.closed;
      closings.push([code, reason.replaceAll(sid, 'SID')]);
    }
    expect(closings[0]?.[0]).toBe(4403);
    expect(closings[1]).toEqual(closings[0]);
    expect((await store.entries(`default:${own}`)).length).toBe(1);
  });

  it('may do with their own what their rights say', async () => {
    expect((await guest.read(own)).texts).toEqual(['secret']);
    expect((await guest.upload(own, [{ payload: 'x', filename: 'f' }])).status).toBe(403);
    expect((await guest.put(`/streams/${own}`, {})).status).toBe(403);
    await expect(guest.push(`${own}/push`)).rejects.toEqual(new Refused(403));
    const pull = await guest.pull(`${own}/pull?last_entry_id=0`);
    expect((await pull.message()).payload.toString()).toBe('secret');
    const push = await ada.push(`${own}/push?ack=1`);
    push.send(Buffer.from('more'));
    expect((await push.next()).text).toMatch(/^\d+-\d+$/);
    expect((await pull.message()).payload.toString()).toBe('more');
    await Promise.all([pull.close(), push.close()]);
  });
});
