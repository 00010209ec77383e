import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName } from '@sluice/testing';
import { PtgClient, cutStarts } from './support/ptg.js';
import { Refused, type TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let client: PtgClient;

beforeAll(async () => {
  store = await startStore();
  client = new PtgClient(store);
});

afterAll(async () => {
  await store.close();
});

/** A stream of a headset's hands, whose frames are JSON text; one of them is none. */
async function hands(): Promise<string> {
  const sid = `${uniqueName('dev')}:hand`;
  await store.add(sid, '{"a":1}', '1-0');
  await store.add(sid, '{"a":', '2-0');
  await store.add(sid, '{"a":3}', '3-0');
  return sid;
}

const texts = async (socket: TestSocket): Promise<string[]> =>
  cutStarts(await socket.message()).map(({ id, text }) => `${id} ${text}`);

describe('output of the ptg dialect', () => {
  it('converts what is read over REST, with the starts of what is sent (70)', async () => {
    const sid = await hands();
    expect(await client.read(`${sid}?output=json&last_entry_id=0`)).toEqual({
      status: 200,
      offsets: [[sid, '1-0', 0]],
      texts: ['{"a":1}'],
    });
    expect((await client.read(`${sid}?output=same`)).texts).toEqual(['{"a":3}']);
    expect(await client.read(`${sid}?output=null`)).toEqual({ status: 200, offsets: [], texts: [] });
  });

  it('refuses over REST an entry that is malformed, a format that is none, and streams that may hold anything', async () => {
    const sid = await hands();
    expect(await client.ask(`/data/${sid}?output=json&last_entry_id=1-0`)).toMatchObject({
      status: 400,
      body: { detail: [{ type: 'INVALID_FRAME' }] },
    });
    for (const query of ['output=gif', 'output=json&input=gif']) {
      expect(await client.ask(`/data/${sid}?${query}`)).toMatchObject({
        status: 400,
        body: { detail: [{ type: 'INVALID_PARAMETER' }] },
      });
    }
    expect((await client.ask(`/data/${uniqueName('what')}?output=json`)).status).toBe(400);
  });

  it('converts what is pulled, and leaves out what cannot be', async () => {
    const sid = await hands();
    const socket = await client.pull(`${sid}/pull?output=json&last_entry_id=0`);
    expect(await texts(socket)).toEqual(['1-0 {"a":1}']);
    expect(await texts(socket)).toEqual(['3-0 {"a":3}']);
    await store.add(sid, 'no JSON', '4-0');
    await store.add(sid, '{"a":5}', '5-0');
    expect(await texts(socket)).toEqual(['5-0 {"a":5}']);
    await socket.close();
  });

  it('waits for acks of what it has converted, and ends after a wait in vain', async () => {
    const sid = await hands();
    const socket = await client.pull(`${sid}/pull?output=json&last_entry_id=0&count=2&ack=1&timeout=1000`);
    expect(await texts(socket)).toEqual(['1-0 {"a":1}']);
    socket.send('');
    expect(await texts(socket)).toEqual(['3-0 {"a":3}']);
    socket.send('');
    expect((await socket.closed).code).toBe(1000);
  });

  it('leaves entries out that it makes nothing of', async () => {
    const sid = await hands();
    const socket = await client.pull(`${sid}/pull?output=null&last_entry_id=0&timeout=100`);
    expect((await socket.closed).code).toBe(1000);
    expect(socket.pending).toBe(0);
  });

  it.each(['output=gif', 'output=json&input=gif', 'output=json'])('refuses %s before the handshake', async (query) => {
    await expect(client.pull(`${uniqueName('what')}/pull?${query}`)).rejects.toEqual(new Refused(403));
  });
});
