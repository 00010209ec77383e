import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@sluice/testing';
import { startGateway, type TestGateway } from './support/gateway.js';
import { StandIn } from './support/upstream.js';

let store: StandIn;
let gateway: TestGateway;

beforeAll(async () => {
  store = await StandIn.start();
  gateway = await startGateway(`http://127.0.0.1:${store.port}`, { SLUICE_API_GATEWAY_MAX_BODY_BYTES: '200000' });
});

afterAll(async () => {
  await gateway.close();
  await store.kill();
});

interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  rawHeaders: string[];
  bytes: number;
  body: string;
}

/** A request by Node's own client, which sets any header. */
async function send(
  path: string,
  options: RequestOptions = {},
  body?: string | Buffer,
): Promise<{ response: IncomingMessage; text: string }> {
  const request = httpRequest(`${gateway.url}${path}`, { agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of response.setEncoding('latin1')) text += String(part);
  return { response, text };
}

async function echoed(path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Echo> {
  const { text } = await send(path, options, body);
  return JSON.parse(Buffer.from(text, 'latin1').toString()) as Echo;
}

describe('a request to a path of a service', () => {
  it('arrives as it was sent: method, path, query, host and headers', async () => {
    const headers = { host: 'localhost:1', 'X-Custom': 'ä', cookie: 'a=b', accept: 'a/b' };
    const echo = await echoed('/data/caf%C3%A9%2Fx?a=1&b=%20', { method: 'PUT', headers });
    expect(echo).toMatchObject({ method: 'PUT', url: '/data/caf%C3%A9%2Fx?a=1&b=%20', bytes: 0 });
    expect(echo.headers).toMatchObject({ host: 'localhost:1', 'x-custom': 'ä', cookie: 'a=b', accept: 'a/b' });
    expect(echo.rawHeaders).toContain('X-Custom');
  });

  it.each([0, 1, 65_536, 65_537, 200_000])('arrives with its body of %i bytes, declared or chunked', async (bytes) => {
    const body = Buffer.alloc(bytes, 'x');
    const declared = await echoed('/data/a', { method: 'POST', headers: { 'content-length': bytes } }, body);
    const chunked = await echoed('/data/a', { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, body);
    expect([declared.bytes, chunked.bytes]).toEqual([bytes, bytes]);
  });

  it('is refused above the limit of a body, declared or chunked, before the service stores anything', async () => {
    const body = Buffer.alloc(200_001);
    const declared = await send('/data/a', { method: 'POST', headers: { 'content-length': body.length } }, body);
    expect([declared.response.statusCode, JSON.parse(declared.text)]).toMatchObject([
      413,
      { error: { code: 'MESSAGE_TOO_LARGE', message: expect.stringContaining('SLUICE_API_GATEWAY_MAX_BODY_BYTES') } },
    ]);
    const chunked = await send('/data/a', { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, body);
    expect(chunked.response.statusCode).toBe(413);
  });

  it.each([
    '/ptg/recordings/upload/day/main.mp4',
    '/ptg/recordings/upload/day/main.mp4/?overwrite=1',
    '/ptg/recordings/day/mcap',
  ])('may be larger where it is a file, which the service bounds: %s', async (path) => {
    const body = Buffer.alloc(300_000);
    const declared = await echoed(path, { method: 'POST', headers: { 'content-length': body.length } }, body);
    const chunked = await echoed(path, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, body);
    expect([declared.bytes, chunked.bytes]).toEqual([300_000, 300_000]);
  });

  it.each(['/ptg/data/mcap', '/ptg/recordings/mcap', '/ptg/recordings/a/b/mcap', '/data/x?/ptg/recordings/upload/'])(
    'may not be larger elsewhere: %s',
    async (path) => {
      expect((await send(path, { method: 'POST' }, Buffer.alloc(200_001))).response.statusCode).toBe(413);
    },
  );

  it.each([{ 'content-length': 40_000_000 }, { 'transfer-encoding': 'chunked' }])(
    'far above the limit is told so while it is still being sent (%j), and its connection goes on',
    async (headers) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const { response } = await send('/data/a', { method: 'POST', headers, agent }, Buffer.alloc(40_000_000));
      expect(response.statusCode).toBe(413);
      expect((await send('/data/a', { agent })).response.statusCode).toBe(200);
      agent.destroy();
    },
  );

  it('loses headers that are for the next neighbour only', async () => {
    const headers = {
      connection: 'x-private, close',
      'x-private': '1',
      te: 'trailers',
      'proxy-authorization': 'x',
      'keep-alive': 'timeout=9',
    };
    const { headers: got } = await echoed('/data/a', { headers });
    for (const name of ['x-private', 'te', 'proxy-authorization']) expect(got).not.toHaveProperty(name);
  });

  it('tells the service who asked, and believes no forwarded headers of strangers', async () => {
    const headers = {
      'x-forwarded-for': '9.9.9.9',
      'x-forwarded-proto': 'https',
      'x-request-id': 'forged',
      forwarded: 'for=9.9.9.9',
    };
    const { headers: got } = await echoed('/data/a', { headers });
    expect(got).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    expect(got['x-request-id']).not.toBe('forged');
    expect(got).not.toHaveProperty('forwarded');
  });

  it('believes those of configured proxies', async () => {
    const saved = gateway;
    gateway = await startGateway(`http://127.0.0.1:${store.port}`, { SLUICE_TRUSTED_PROXIES: 'loopback' });
    const headers = { 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https', 'x-request-id': 'req-7' };
    const { headers: got } = await echoed('/data/a', { headers });
    expect(got).toMatchObject({
      'x-forwarded-for': '9.9.9.9, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-request-id': 'req-7',
    });
    await gateway.close();
    gateway = saved;
  });

  it('that expects 100-continue is told to go on', async () => {
    const request = httpRequest(`${gateway.url}/data/a`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 3 },
      agent: false,
    });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('abc');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });

  it('of an unknown root path is answered by the gateway', async () => {
    const { response, text } = await send('/nowhere/else');
    expect([response.statusCode, JSON.parse(text)]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
  });
});

describe('an answer of a service', () => {
  it('comes back as it is: status, headers in any number, bytes', async () => {
    store.answers.set('/data/odd', (_request, response) => {
      response.writeHead(418, 'Short and stout', [
        'set-cookie',
        'a=1',
        'set-cookie',
        'b=2',
        'x-latin',
        'é',
        'connection',
        'close',
      ]);
      response.end(Buffer.from([0, 255, 1]));
    });
    const { response, text } = await send('/data/odd');
    expect(response.statusCode).toBe(418);
    expect(response.headers).toMatchObject({
      'set-cookie': ['a=1', 'b=2'],
      'x-latin': 'é',
      'x-content-type-options': 'nosniff',
    });
    expect(Buffer.from(text, 'latin1')).toEqual(Buffer.from([0, 255, 1]));
  });

  it('to HEAD has its length and no body', async () => {
    store.answers.set('/data/head', (_request, response) => response.writeHead(200, { 'content-length': 1234 }).end());
    const { response, text } = await send('/data/head', { method: 'HEAD' });
    expect([response.headers['content-length'], text]).toEqual(['1234', '']);
  });

  it('comes piece by piece as it is made, with nothing held back', async () => {
    const pieces = ['one', 'two', 'three'];
    let next: () => void = () => undefined;
    store.answers.set('/v1/live', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      next = () => (pieces.length > 0 ? response.write(pieces.shift()) : response.end());
    });
    const response = await fetch(`${gateway.url}/v1/live`);
    const got: string[] = [];
    next();
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      got.push(Buffer.from(piece).toString());
      next();
    }
    expect(got).toEqual(['one', 'two', 'three']);
  });

  it('is made at the pace of a client that reads slowly', async () => {
    let written = 0;
    let isBlocked = false;
    const blocked = Promise.withResolvers<void>();
    store.answers.set('/data/flood', (_request, response) => {
      const total = 64 * 1024 * 1024;
      const more = (): void => {
        while (written < total) {
          written += 65_536;
          if (response.write(Buffer.alloc(65_536))) continue;
          isBlocked = true;
          setTimeout(blocked.resolve, 200);
          response.once('drain', more);
          return;
        }
        response.end();
      };
      more();
    });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('GET /data/flood HTTP/1.1\r\nhost: localhost\r\n\r\n');
    socket.pause();
    await blocked.promise;
    expect(isBlocked).toBe(true);
    expect(written).toBeLessThan(32 * 1024 * 1024);
    socket.destroy();
  });

  it('is given up when its client goes away', async () => {
    const gone = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    store.answers.set('/data/wait', (_request, response) => {
      response.once('close', gone.resolve);
      arrived.resolve();
    });
    const abort = new AbortController();
    const asked = fetch(`${gateway.url}/data/wait`, { signal: abort.signal });
    const failed = expect(asked).rejects.toThrow();
    await arrived.promise;
    abort.abort();
    await Promise.all([failed, gone.promise]);
  });

  it('that breaks off in the middle breaks off for the client too', async () => {
    store.answers.set('/data/half', (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    const response = await fetch(`${gateway.url}/data/half`);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });
});

describe('a service that is down', () => {
  it('is named in a 503 at once, and the next request works when it is back', async () => {
    const port = await freePort();
    const other = await startGateway(`http://127.0.0.1:${port}`);
    const down = await fetch(`${other.url}/data/a`, { headers: { origin: 'http://localhost:3000' } });
    expect([down.status, await down.json()]).toMatchObject([
      503,
      {
        error: {
          code: 'SERVICE_UNAVAILABLE',
          message: expect.stringContaining('stream-store is not reachable'),
          details: { service: 'stream-store' },
        },
      },
    ]);
    expect(down.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
    for (let round = 0; round < 2; round++) {
      const back = await StandIn.start(port);
      expect((await fetch(`${other.url}/data/a`)).status).toBe(200);
      await back.kill();
      expect((await fetch(`${other.url}/data/a`, { method: 'POST', body: 'x' })).status).toBe(503);
    }
    await other.close();
  });

  it('that dies with a write in its hands is an unknown outcome, not a plain failure', async () => {
    store.answers.set('/data/die', (request) => request.socket.destroy());
    const write = await fetch(`${gateway.url}/data/die`, { method: 'POST', body: 'x' });
    expect([write.status, await write.json()]).toMatchObject([503, { error: { code: 'OUTCOME_UNKNOWN' } }]);
  });

  it('that drops a kept-alive connection just as it is used again is asked once more for reads', async () => {
    let times = 0;
    store.answers.set('/data/flaky', (request, response) => {
      times += 1;
      if (times === 1) request.socket.destroy();
      else response.end('ok');
    });
    expect(await (await fetch(`${gateway.url}/data/flaky`)).text()).toBe('ok');
    expect(times).toBe(2);
  });
});

describe('requests of one client', () => {
  it('are refused above the limit by name, with the time to wait, and one client does not spend the turns of another', async () => {
    const saved = gateway;
    const environment = { SLUICE_API_GATEWAY_REQUESTS_PER_SECOND: '2', SLUICE_TRUSTED_PROXIES: 'loopback' };
    gateway = await startGateway(`http://127.0.0.1:${store.port}`, environment);
    const ask = (client: string) => send('/data/a', { headers: { 'x-forwarded-for': client } });
    const statuses: (number | undefined)[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await ask('1.1.1.1')).response.statusCode);
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    const { response, text } = await ask('1.1.1.1');
    expect(response.headers['retry-after']).toBe('1');
    expect(text).toContain('SLUICE_API_GATEWAY_REQUESTS_PER_SECOND');
    expect((await ask('2.2.2.2')).response.statusCode).toBe(200);
    await gateway.close();
    gateway = saved;
  });
});

describe('a foreign web page', () => {
  it('cannot write through the gateway, and nothing reaches the service', async () => {
    let reached = false;
    store.answers.set('/data/victim', (_request, response) => {
      reached = true;
      response.end();
    });
    const { response } = await send(
      '/data/victim',
      { method: 'POST', headers: { origin: 'https://evil.example' } },
      'x',
    );
    const rebound = await send('/data/victim', { method: 'POST', headers: { host: 'evil.example' } }, 'x');
    expect([response.statusCode, rebound.response.statusCode, reached]).toEqual([403, 403, false]);
  });
});

describe('a stopping gateway', () => {
  it('finishes short answers, ends live ones in good order, and is gone in time', async () => {
    const other = await startGateway(`http://127.0.0.1:${store.port}`);
    const hold = Promise.withResolvers<void>();
    store.answers.set('/data/slow', (_request, response) => void hold.promise.then(() => response.end('whole')));
    store.answers.set('/v1/events', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    const slow = fetch(`${other.url}/data/slow`);
    const live = await fetch(`${other.url}/v1/events`);
    const closed = other.close();
    expect(await live.text()).toBe('data: 1\n\n');
    hold.resolve();
    expect(await (await slow).text()).toBe('whole');
    await closed;
  });
});
