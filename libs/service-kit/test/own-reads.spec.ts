import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readInto } from '../src/index.js';

let server: Server;
let client: Socket;
let accepted: Socket;

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.close();
});

beforeEach(async () => {
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [accepted] = (await once(server, 'connection')) as [Socket];
});

describe('a socket read into own memory', () => {
  it('fills what it is given, in order, and ends as ever', async () => {
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));
    const got: Buffer[] = [];
    const sizes = [1, 10, 1000, 20_000];
    let reads = 0;
    accepted.on('data', () => got.push(Buffer.from('never')));
    const isOwn = readInto(accepted, {
      buffer: () => Buffer.alloc(sizes[reads++ % sizes.length] as number),
      take: (count, buffer) => {
        got.push(Buffer.from(buffer.subarray(0, count)));
        return true;
      },
    });
    // When this fails, Node's insides have changed: readInto has to learn the new ones.
    expect(isOwn).toBe(true);
    client.end(sent);
    await once(accepted, 'end');
    accepted.destroy();
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    expect(accepted.bytesRead).toBe(sent.length);
  });

  it('reads no further after it was paused, until it is resumed', async () => {
    const memory = Buffer.alloc(1000);
    let reads = 0;
    readInto(accepted, { buffer: () => memory, take: () => ++reads > 1 });
    accepted.resume();
    client.write(Buffer.alloc(1_000_000));
    while (reads === 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(reads).toBe(1);
    accepted.resume();
    client.end();
    await once(accepted, 'end');
    accepted.destroy();
    expect(reads).toBeGreaterThanOrEqual(1000);
  });
});
