import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { PtgClient } from './support/ptg.js';
import { Refused } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
afterEach(() => store?.close());

const QUOTA_EXCEEDED = { status: 429, body: { detail: [{ type: 'QUOTA_EXCEEDED' }] } };

describe('quotas of the ptg dialect', () => {
  it('count streams, over REST and by sockets', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_STREAMS: '1' });
    const client = new PtgClient(store);
    expect((await client.upload('a', [{ payload: 'x', filename: 'f' }])).status).toBe(200);
    expect((await client.upload('a', [{ payload: 'x', filename: 'f' }])).status).toBe(200);
    expect(await client.upload('b', [{ payload: 'x', filename: 'f' }])).toMatchObject(QUOTA_EXCEEDED);
    const socket = await client.push('*/push?ack=1');
    socket.push([['a', 1]], 'x');
    socket.push([['b', 1]], 'x');
    expect((await socket.next()).text).toMatch(/^\d+-\d+$/);
    expect(await socket.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('QUOTA_EXCEEDED') });
    expect(await store.redis.command('EXISTS', 'default:b')).toBe(0);
  });

  it('count what is written as metadata', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_ENTRIES_PER_SECOND: '1' });
    const client = new PtgClient(store);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => client.put(`/streams/s${n}`, { n })));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(answers.find(({ status }) => status !== 200)).toMatchObject(QUOTA_EXCEEDED);
  });

  it('count open sockets', async () => {
    store = await startStore({ SLUICE_QUOTA_USER_CONNECTIONS: '2' });
    const client = new PtgClient(store);
    const open = [await client.push('a/push'), await client.pull('a/pull')];
    await expect(client.pull('a/pull')).rejects.toEqual(new Refused(429));
    await expect(client.push('a/push')).rejects.toEqual(new Refused(429));
    await open[0]?.close();
    const opens = async (): Promise<boolean> =>
      (
        await client.pull('a/pull?timeout=1').then(
          ({ closed }) => closed,
          () => null,
        )
      )?.code === 1000;
    await waitFor(opens, { message: 'another one is let in' });
    await open[1]?.close();
  });
});
