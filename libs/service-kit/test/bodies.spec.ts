import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { type Service } from '../src/index.js';
import { RECEIVED_BYTES } from '../src/service/received-bodies.js';
import { startSample } from './support/sample.js';

const MIB = 1024 * 1024;
const LIMIT = 16 * MIB;

let service: Service;
let url: string;

beforeAll(async () => {
  ({ service, url } = await startSample({ SLUICE_DRAIN_TIMEOUT_MS: '0' }, { bodyLimitBytes: LIMIT }));
});

afterAll(async () => {
  await service.close();
});

/** A request that declares a body and sends some of it. */
async function begin(bytes: number, sent: number, framing = `content-length: ${bytes}`): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`POST /things HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`);
  if (framing.startsWith('transfer')) socket.write(`${bytes.toString(16)}\r\n`);
  socket.write(Buffer.alloc(sent, ' '));
  return socket;
}

async function served(bytes: number): Promise<void> {
  const body = `"${'x'.repeat(bytes)}"`;
  const response = await fetch(`${url}/things`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  expect(((await response.json()) as { error: { code: string } }).error.code).toBe('LOG_FULL');
}

async function receivedBytes(): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^sluice_http_received_bytes\S* (\S+)$/m.exec(text)?.[1]);
}

describe('bodies of requests', () => {
  it.each(['content-length', 'transfer-encoding'])(
    'count as far as they have come, whatever their %s says: who sends little keeps nobody away',
    async (framing) => {
      const line = framing === 'content-length' ? `content-length: ${LIMIT}` : 'transfer-encoding: chunked';
      const sockets = await Promise.all(Array.from({ length: 100 }, () => begin(LIMIT, 100, line)));
      await served(10 * MIB);
      for (const socket of sockets) socket.destroy();
    },
  );

  it('that stopped make room for those that come: they are refused with 429, and nothing of them is kept', async () => {
    const count = Math.floor(RECEIVED_BYTES / (15 * MIB));
    const stopped = await Promise.all(Array.from({ length: count }, () => begin(LIMIT, 15 * MIB)));
    const answers: string[] = [];
    for (const socket of stopped) socket.on('data', (chunk: Buffer) => answers.push(chunk.toString()));
    await waitFor(async () => (await receivedBytes()) === count * 15 * MIB);
    await served(1000);
    expect(answers).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await served(12 * MIB);
    await waitFor(() => answers.length > 0);
    expect(answers[0]).toMatch(/^HTTP\/1.1 429 .*RATE_LIMITED/s);
    expect(answers.length).toBeLessThan(count);
    for (const socket of stopped) socket.destroy();
    await waitFor(async () => (await receivedBytes()) === 0);
  });
});
