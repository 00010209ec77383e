import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clientFrame, rawSocket } from './support/raw-socket.js';
import { startStore, type Store } from './support/store.js';

let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

const CLOSE = 8;

describe('a socket that the service closes', () => {
  it('is ended by the service as soon as the client has answered the close frame', async () => {
    const socket = await rawSocket(store.url, '/data/s/push');
    socket.on('data', (chunk) => {
      // The close frame with 1007: a client answers with the same code and waits for the end of the connection.
      if (chunk[0] === 0x88) socket.write(clientFrame(CLOSE, chunk.subarray(2, 4)));
    });
    const ended = new Promise((resolve) => socket.once('end', resolve));
    socket.write(clientFrame(1, Buffer.from('not a header')));
    await ended;
    socket.end();
    expect(socket.readableEnded).toBe(true);
  }, 10_000);
});
