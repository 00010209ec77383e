import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Service } from '../src/index.js';
import { refuseBrokenRequest } from '../src/service/broken-requests.js';
import { startSample } from './support/sample.js';

let service: Service;
let url: URL;

beforeAll(async () => {
  const sample = await startSample();
  ({ service } = sample);
  url = new URL(sample.url);
});

afterAll(async () => {
  await service.close();
});

function dial(): Socket {
  return connect({ host: url.hostname, port: Number(url.port) });
}

/** Everything the service says until it ends the connection. */
async function answerTo(text: string | Buffer): Promise<{ head: string; body: string }> {
  const socket = dial();
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'end');
  socket.destroy();
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { head, body };
}

const BIG_HEADER = `GET /things HTTP/1.1\r\nhost: localhost\r\nx-big: ${'x'.repeat(17_000)}\r\n\r\n`;

describe('a request that the HTTP parser refuses', () => {
  it.each([
    ['no HTTP at all', 'hello there\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    ['a bare line feed in a header', 'GET /things HTTP/1.1\r\nho\nst: x\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    [
      'two lengths of one body',
      'POST /things HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
      'MALFORMED_REQUEST',
    ],
    ['a head above 16 KiB', BIG_HEADER, 431, 'HEADERS_TOO_LARGE'],
    ['a head that goes on and on', BIG_HEADER.repeat(300), 431, 'HEADERS_TOO_LARGE'],
  ])('gets our error body with a request id: %s', async (_title, text, status, code) => {
    const { head, body } = await answerTo(text);
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toContain('connection: close');
    const { error } = JSON.parse(body) as { error: { code: string; requestId: string; message: string } };
    expect(error.code).toBe(code);
    expect(head).toContain(`x-request-id: ${error.requestId}`);
  });

  it.each([
    ['ERR_HTTP_REQUEST_TIMEOUT', 'HTTP/1.1 408 Request Timeout', '30 s for its head'],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'HTTP/1.1 413 Payload Too Large', 'larger than 16 KiB'],
  ])('is told by %s', async (code, status, words) => {
    const server = createServer((socket) => refuseBrokenRequest(Object.assign(new Error(code), { code }), socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    await once(socket, 'end');
    socket.destroy();
    server.close();
    expect(answer.startsWith(`${status}\r\n`)).toBe(true);
    expect(answer).toContain(words);
  });

  it('cuts an answer that has begun, and writes nothing into it', async () => {
    const socket = dial();
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.on('error', () => undefined);
    socket.write('GET /things/endless HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.write('no request\r\n\r\n');
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 200/);
    expect(answer.match(/HTTP\/1.1 \d+/g)).toHaveLength(1);
  });

  it('is nothing that a head just under the limit meets', async () => {
    const { head } = await answerTo(
      `GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-big: ${'x'.repeat(16_000)}\r\n\r\n`,
    );
    expect(head).toMatch(/^HTTP\/1\.1 200/);
  });
});
