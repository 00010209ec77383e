import { afterEach, describe, expect, it } from '@jest/globals';
import { AuditTrail, Tokens, UserDirectory } from '@sluice/service-kit';
import { waitFor } from '@sluice/testing';
import { startStore, type Store } from './support/store.js';
import { V1Client } from './support/v1-socket.js';

let store: Store;
afterEach(() => store?.close());

/** A client of somebody who may use the device `lab` alone. */
async function openLab(): Promise<V1Client> {
  store = await startStore({ SLUICE_AUTH_MODE: 'strict' });
  const { app } = store.service;
  await waitFor(async () => (await fetch(`${store.url}/health/ready`)).ok, { message: 'the store is ready' });
  await app.get(UserDirectory).add({ name: 'ada', password: 'correct horse', scopes: ['stream:*=lab:*'] }, 'test');
  const { token } = await app.get(Tokens).issue('ada');
  return V1Client.open(store, `?token=${token}`);
}

describe('a push of sluice.v1 that is not allowed', () => {
  it('is refused under its tag with nothing of it stored, alike whether or not the stream is there, and the socket goes on', async () => {
    const client = await openLab();
    await store.add('bob:there', 'x', '1-0');
    client.push({ tag: 1, acks: true }, 'lab:a', ['one']);
    client.push({ tag: 2, acks: true }, 'bob:there', ['no']);
    client.push({ tag: 3, acks: true }, 'bob:never', ['no']);
    client.push({ tag: 4, acks: true }, 'lab:a', ['two']);
    const errors = await client.errorsUntil(4);
    expect(errors.map(({ code, tag }) => [code, tag])).toEqual([
      ['FORBIDDEN', 2],
      ['FORBIDDEN', 3],
    ]);
    expect(errors.map(({ message }) => message.replace(/bob:\w+/, 'X'))).toEqual(
      Array.from({ length: 2 }, () => 'the credential does not allow to write stream "X"'),
    );
    expect((await store.entries('lab:a')).map(({ d }) => d)).toEqual(['one', 'two']);
    expect((await store.entries('bob:there')).length).toBe(1);
    expect(await store.redis.command('EXISTS', 'bob:never')).toBe(0);
    await client.close();
  });

  it('stands in the audit trail, as does a subscription that is not allowed', async () => {
    const client = await openLab();
    client.say({ op: 'follow', sub: 1, streams: { 'bob:x': '$' } });
    expect(await client.control('error')).toMatchObject({ code: 'FORBIDDEN', sub: 1 });
    await waitFor(async () => {
      const entries = await store.service.app.get(AuditTrail).read();
      return entries.some(
        ({ event, subject, details }) =>
          event === 'refused' &&
          subject === 'ada' &&
          details['route'] === 'WS /v1/socket' &&
          details['code'] === 'FORBIDDEN',
      );
    });
    await client.close();
  });
});

describe('a push of sluice.v1 that passes a quota', () => {
  it('is refused under its tag, and the next that does not is stored', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_STREAMS: '1' });
    const client = await V1Client.open(store);
    client.push({ tag: 1, acks: true }, 'lab:a', ['one']);
    client.push({ tag: 2, acks: true }, 'lab:b', ['no']);
    client.push({ tag: 3, acks: true }, 'lab:b', ['no']);
    client.push({ tag: 4, acks: true }, 'lab:a', ['two']);
    expect(await client.errorsUntil(4)).toMatchObject([
      { code: 'QUOTA_EXCEEDED', tag: 2 },
      { code: 'QUOTA_EXCEEDED', tag: 3 },
    ]);
    expect((await store.entries('lab:a')).map(({ d }) => d)).toEqual(['one', 'two']);
    expect(await store.redis.command('EXISTS', 'lab:b')).toBe(0);
    await client.close();
  });
});
