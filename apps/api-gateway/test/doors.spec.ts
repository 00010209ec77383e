import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, waitFor } from '@sluice/testing';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from './support/gateway.js';
import { StandIn } from './support/upstream.js';

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly rawHeaders: string[];
  readonly body: string;
}

let store: StandIn;
let gateway: TestGateway;

beforeAll(async () => {
  store = await StandIn.start();
  gateway = await startGateway(`http://127.0.0.1:${store.port}`);
});

afterAll(async () => {
  await gateway.close();
  await store.kill();
});

async function echo(url: string, init: RequestInit = {}): Promise<Echo> {
  const response = await fetch(url, init);
  expect(response.headers.get('x-echo')).toBe('yes');
  return (await response.json()) as Echo;
}

/** Sends raw bytes and reads until the connection ends. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
  await once(socket, 'close');
  return answer;
}

describe("the ptg dialect's own door", () => {
  it.each([
    ['/streams?info=true', '/ptg/streams?info=true'],
    ['/data/caf%C3%A9+%2Fb?x=/%20', '/ptg/data/caf%C3%A9+%2Fb?x=/%20'],
    ['/metrics', '/ptg/metrics'],
    ['/v1/streams', '/ptg/v1/streams'],
    ['/', '/ptg/'],
  ])('hands %s to the stream store as %s', async (target, there) => {
    expect((await echo(`${gateway.ptgUrl}${target}`, { headers: { accept: 'text/html' } })).url).toBe(there);
  });

  it('rewrites nothing but the target', async () => {
    const head =
      'POST /data/a HTTP/1.1\r\nHost: localhost\r\nX-Odd-CASE: a  b\r\nCookie: a=1; b=2\r\nContent-Length: 5\r\n';
    const ask = async (url: string, path: string): Promise<Echo> => {
      const answer = await exchange(
        Number(new URL(url).port),
        `${head.replace('/data/a', path)}Connection: close\r\n\r\nhello`,
      );
      return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Echo;
    };
    const [there, here] = [await ask(gateway.url, '/ptg/data/a'), await ask(gateway.ptgUrl, '/data/a')];
    const withoutId = ({ rawHeaders, ...rest }: Echo) => ({
      ...rest,
      headers: { ...rest.headers, 'x-request-id': '' },
      names: rawHeaders.filter((_, at) => at % 2 === 0),
    });
    expect(withoutId(here)).toEqual(withoutId(there));
    expect(here).toMatchObject({ url: '/ptg/data/a', body: 'hello', headers: { host: 'localhost' } });
  });

  it('answers health and documents itself, as the front door does', async () => {
    const answers = async (path: string): Promise<unknown> => {
      const response = await fetch(`${gateway.ptgUrl}${path}`, { redirect: 'manual' });
      expect(response.headers.get('x-echo')).toBeNull();
      await response.arrayBuffer();
      return [response.status, response.headers.get('content-type')?.split(';')[0]];
    };
    expect(await answers('/health/live')).toEqual([200, 'application/json']);
    expect(await answers('/openapi.json')).toEqual([200, 'application/json']);
    expect(await answers('/api-docs')).toEqual([200, 'text/html']);
    expect(await answers('/page/api-docs.js')).toEqual([200, expect.stringContaining('javascript')]);
    expect(await answers('/docs')).toEqual([200, 'text/html']);
  });

  it('hands WebSockets over alike, and refuses those of foreign pages and hosts', async () => {
    const socket = new WebSocket(`${gateway.ptgUrl.replace('http', 'ws')}/data/caf%C3%A9+b/push?batch=1&x=%20`);
    await once(socket, 'open');
    expect(store.upgrades.at(-1)?.url).toBe('/ptg/data/caf%C3%A9+b/push?batch=1&x=%20');
    socket.send('hello');
    expect(String(((await once(socket, 'message')) as [Buffer])[0])).toBe('hello');
    socket.terminate();
    const count = store.upgrades.length;
    for (const options of [{ origin: 'https://evil.example' }, { headers: { host: 'evil.example' } }]) {
      const refused = new WebSocket(`${gateway.ptgUrl.replace('http', 'ws')}/data/a/push`, options);
      refused.on('error', () => undefined);
      const [, response] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number }];
      expect(response.statusCode).toBe(403);
    }
    expect(store.upgrades.length).toBe(count);
  });

  it('refuses foreign hosts, foreign pages and broken requests as the front door does', async () => {
    const port = Number(new URL(gateway.ptgUrl).port);
    const foreign = await exchange(port, 'GET /streams HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n');
    expect(foreign).toMatch(/^HTTP\/1\.1 403[^]*FOREIGN_ORIGIN/);
    const page = await fetch(`${gateway.ptgUrl}/data/a`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
    });
    expect(page.status).toBe(403);
    expect(await exchange(port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400[^]*MALFORMED_REQUEST/);
  });
});

describe('the front door', () => {
  it('has the ptg dialect below /ptg as it stands', async () => {
    expect((await echo(`${gateway.url}/ptg/data/a%2Fb?x=1`)).url).toBe('/ptg/data/a%2Fb?x=1');
  });
});

describe('a gateway', () => {
  it('without the second door has only the first', async () => {
    const one = await startGateway(`http://127.0.0.1:${store.port}`, { SLUICE_API_GATEWAY_PTG_PORT: 'off' });
    expect([...one.service.doorUrls]).toEqual([]);
    expect((await echo(`${one.url}/ptg/streams`)).url).toBe('/ptg/streams');
    await one.close();
  });

  it('closes both doors together, and answers what is under way at either', async () => {
    const other = await startGateway(`http://127.0.0.1:${store.port}`);
    const gate = Promise.withResolvers<void>();
    let waiting = 0;
    store.answers.set('/ptg/slow', (_request, response) => {
      waiting += 1;
      void gate.promise.then(() => response.end('done'));
    });
    const answers = [fetch(`${other.url}/ptg/slow`), fetch(`${other.ptgUrl}/slow`)];
    await waitFor(() => waiting === 2);
    const socket = new WebSocket(`${other.ptgUrl.replace('http', 'ws')}/data/a/push`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    const closing = other.close();
    await waitFor(() =>
      fetch(`${other.ptgUrl}/health/live`).then(
        () => false,
        () => true,
      ),
    );
    gate.resolve();
    store.webSockets.at(-1)?.close(1001);
    expect(await Promise.all(answers.map(async (answer) => (await answer).text()))).toEqual(['done', 'done']);
    await closed;
    await closing;
  });

  it('says at start that the port of its second door is taken, and which setting moves it', async () => {
    const { port } = new URL(gateway.ptgUrl);
    const environment = { SLUICE_STREAM_STORE_URL: 'http://127.0.0.1:1', SLUICE_API_GATEWAY_PTG_PORT: port };
    const app = await startApp('api-gateway', environment, { waitUntilReady: false });
    await waitFor(() => !app.isRunning);
    expect(app.output).toContain(`Port ${port} is taken by another process; SLUICE_API_GATEWAY_PTG_PORT moves`);
  });

  it('says at start that a port which is none is wrong', async () => {
    await expect(startGateway('http://127.0.0.1:1', { SLUICE_API_GATEWAY_PTG_PORT: 'none' })).rejects.toThrow(
      'SLUICE_API_GATEWAY_PTG_PORT must be a whole number from 0 to 65535 or off, got "none"',
    );
  });
});
