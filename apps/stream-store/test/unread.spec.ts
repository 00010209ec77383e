import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { once } from 'node:events';
import { metric } from './support/metrics.js';
import { clientFrame, rawSocket } from './support/raw-socket.js';
import { TestSocket } from './support/socket.js';
import { startStore, type Store } from './support/store.js';

const MIB = 1024 * 1024;
let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

/** Sends the same bytes again and again to a socket that reads nothing, until the service ends it. */
async function flood(path: string, frame: Buffer): Promise<void> {
  const socket = await rawSocket(store.url, path);
  socket.pause();
  const burst = Buffer.concat(Array.from({ length: 5000 }, () => frame));
  const isOver = async (): Promise<boolean> =>
    (await metric(store.url, 'sluice_store_refused_pushes_total').catch(() => 0)) > 0;
  for (let round = 0; round < 400 && !socket.destroyed; round++) {
    if (round % 10 === 9 && (await isOver())) break;
    if (!socket.write(burst)) await Promise.race([once(socket, 'drain'), once(socket, 'close'), waitFor(isOver)]);
  }
  await waitFor(isOver, { message: 'the socket is refused' });
  socket.destroy();
  await waitFor(async () => (await metric(store.url, 'sluice_store_open_sockets')) === 0);
}

describe('a client that reads none of its answers', () => {
  it('is ended before they pile up: acks of the dialect', async () => {
    const path = `/data/${uniqueName('acks')}/push?ack=1&header=0`;
    await flood(path, clientFrame(2, Buffer.from('x')));
  }, 60_000);
});

describe('one slow reader of many streams', () => {
  it('holds no more than a reader of one, and gets every entry once', async () => {
    const prefix = uniqueName('many');
    const [streams, entries] = [20, 4];
    for (let stream = 0; stream < streams; stream++) {
      for (let entry = 0; entry < entries; entry++) {
        await store.redis.command('XADD', `default:${prefix}${stream}`, '*', 'd', Buffer.alloc(MIB / 2, entry));
      }
    }
    const before = await metric(store.url, 'sluice_store_bytes_out_total');
    const socket = await TestSocket.open(`${store.ws}/data/${prefix}*/pull?last_entry_id=0&header=0`);
    socket.ws.pause();
    await waitFor(async () => (await metric(store.url, 'sluice_store_slow_followers')) > streams / 4);
    const sent = (await metric(store.url, 'sluice_store_bytes_out_total')) - before;
    expect(sent).toBeLessThan(16 * MIB);
    socket.ws.resume();
    let received = 0;
    while (received < (streams * entries * MIB) / 2) received += (await socket.next()).bytes.length;
    expect(received).toBe((streams * entries * MIB) / 2);
    expect((await metric(store.url, 'sluice_store_bytes_out_total')) - before).toBe(received);
    await socket.close();
  }, 60_000);
});
