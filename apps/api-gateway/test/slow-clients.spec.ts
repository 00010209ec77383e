import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGateway, type TestGateway } from './support/gateway.js';
import { answerOf, openHttp2 } from './support/http2-client.js';
import { StandIn } from './support/upstream.js';

const STREAMED = 1_000_000;
const GATHERED = 60_000;
const SLOW_SECONDS = 17;

let folder: string;
let store: StandIn;
let gateway: TestGateway;
let ca: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  store = await StandIn.start();
  const url = `http://127.0.0.1:${store.port}`;
  gateway = await startGateway(url, { SLUICE_TLS: 'self-signed', SLUICE_TLS_FOLDER: folder });
  ca = readFileSync(join(folder, 'certificate.pem'), 'utf8');
});

afterAll(async () => {
  await gateway.close();
  await store.kill();
  rmSync(folder, { recursive: true });
});

/** A request over HTTP/1.1 whose body has begun. */
function begin1(bytes: number): TLSSocket {
  const socket = connectTls({ port: gateway.port, host: '127.0.0.1', ca, servername: 'localhost' });
  socket.on('error', () => undefined);
  socket.write(`POST /data/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${bytes}\r\n\r\nabc`);
  return socket;
}

async function stopped1(bytes: number): Promise<string> {
  const [answer] = (await once(begin1(bytes), 'data')) as [Buffer];
  return answer.toString('latin1', 0, 12);
}

async function begin2(bytes: number): Promise<ClientHttp2Stream> {
  const session = await openHttp2(gateway.url, ca);
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': '/data/x', 'content-length': String(bytes) });
  stream.on('error', () => undefined);
  stream.once('close', () => session.destroy());
  stream.write('abc');
  return stream;
}

async function stopped2(bytes: number): Promise<number> {
  const stream = await begin2(bytes);
  await once(stream, 'close');
  return stream.rstCode;
}

/** Sends the rest of a body in so many seconds. */
async function goOn(target: NodeJS.WritableStream, bytes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = bytes - 3;
  const timer = setInterval(() => {
    const part = Math.min(left, Math.ceil(bytes / SLOW_SECONDS / 2));
    target.write(Buffer.alloc(part, 'x'));
    left -= part;
    if (left > 0) return;
    clearInterval(timer);
    resolve();
  }, 500);
  await promise;
}

async function slow1(bytes: number): Promise<string> {
  const socket = begin1(bytes);
  const answered = once(socket, 'data') as Promise<[Buffer]>;
  await goOn(socket, bytes);
  const [answer] = await answered;
  socket.destroy();
  return answer.toString('latin1', 0, 12);
}

async function slow2(bytes: number): Promise<number> {
  const stream = await begin2(bytes);
  const answer = answerOf(stream);
  await goOn(stream, bytes);
  stream.end();
  return (await answer).status;
}

describe('a body that a client begins', () => {
  it('and leaves is given up after seconds, over HTTP/1.1 and HTTP/2; one that comes on slowly arrives', async () => {
    const stopped = [stopped1(GATHERED), stopped1(STREAMED), stopped2(GATHERED), stopped2(STREAMED)];
    const slow = [slow1(GATHERED), slow1(STREAMED), slow2(GATHERED), slow2(STREAMED)];
    const refused = ['HTTP/1.1 408', 'HTTP/1.1 408', 8, 8];
    expect(await Promise.all(stopped)).toEqual(refused);
    expect(await Promise.all(slow)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 200, 200]);
  }, 60_000);
});
