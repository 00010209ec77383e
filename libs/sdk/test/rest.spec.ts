import { type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Sluice } from '@sluice/sdk';
import { encodeData, encodeLengthPrefixed, encodeName, type EntryId } from '@sluice/wire';
import { MemorySluice } from './memory-sluice.js';

let server: MemorySluice;
let client: Sluice;
const requests: { method: string | undefined; path: string; query: Record<string, string>; body: string }[] = [];

/** Answers every request with `answer` and remembers it. */
function answerWith(answer: (url: URL, response: ServerResponse) => void): void {
  server.onRequest = (request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
    request.on('end', () => {
      requests.push({ method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), body });
      answer(url, response);
    });
  };
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

beforeEach(async () => {
  server = await new MemorySluice().start();
  client = new Sluice({ url: server.url });
  requests.length = 0;
});
afterEach(() => server.stop());

describe('lists and settings', () => {
  it('reach a stream by device and name, percent-encoded', async () => {
    answerWith((_url, response) => json(response, 200, { name: 'x' }));
    for (const name of ['a', 'cam 1:vidéo/a:b']) await client.streams.info(name);
    expect(requests.map(({ path }) => path)).toEqual([
      '/v1/streams/default/a',
      '/v1/streams/cam%201/vid%C3%A9o%2Fa%3Ab',
    ]);
  });

  it('list all pages', async () => {
    answerWith((url, response) => {
      const page = Number(url.searchParams.get('cursor') ?? 0);
      json(response, 200, { streams: [{ name: `s${page}` }], cursor: page < 2 ? String(page + 1) : null });
    });
    const names: string[] = [];
    for await (const { name } of client.streams.list({ match: 'cam*' })) names.push(name);
    expect(names).toEqual(['s0', 's1', 's2']);
    expect(requests[2]?.query).toMatchObject({ match: 'cam*', cursor: '2' });
  });

  it('set, tell and clear retention; make, use and delete groups', async () => {
    answerWith((_url, response) => json(response, 200, { acknowledged: 2 }));
    await client.streams.setRetention('a', { maxEntries: 5 });
    await client.streams.retention('a');
    await client.streams.clearRetention('a');
    await client.streams.createGroup('a', 'g', '-');
    await client.streams.groups('a');
    expect(await client.streams.ack('a', 'g/1', ['5-0'])).toBe(2);
    await client.streams.deleteGroup('a', 'g/1');
    await client.streams.delete('a');
    expect(
      requests.map(({ method, path, body }) => `${method} ${path.slice('/v1/streams/default/a'.length)} ${body}`),
    ).toEqual([
      'PUT /retention {"maxEntries":5}',
      'GET /retention ',
      'DELETE /retention ',
      'POST /groups {"group":"g","from":"-"}',
      'GET /groups ',
      'POST /groups/g%2F1/ack {"ids":["5-0"]}',
      'DELETE /groups/g%2F1 ',
      'DELETE  ',
    ]);
  });
});

describe('ranges', () => {
  const all: EntryId[] = ['5-0', '5-1', '6-0', '7-0', '7-1'];
  /** Two entries a page, from `start` or down from `end`. */
  const answerPages = (): void =>
    answerWith((url, response) => {
      const isReverse = url.searchParams.get('reverse') === '1';
      const start = url.searchParams.get('start');
      const end = url.searchParams.get('end');
      const rest = isReverse
        ? all.filter((id) => end === null || id <= end).toReversed()
        : all.filter((id) => start === null || id >= start);
      const page = rest.slice(0, Math.min(2, Number(url.searchParams.get('count') ?? 1)));
      const frames = page.map((id) =>
        encodeData(0, [{ name: encodeName('default:a'), entries: [{ id, payload: encodeName(id) }] }]),
      );
      response.writeHead(200, { 'content-type': 'application/vnd.sluice.v1' }).end(encodeLengthPrefixed(frames));
    });

  it.each([
    ['forward', {}, all],
    ['backward', { reverse: true }, all.toReversed()],
    ['up to a count', { count: 3 }, all.slice(0, 3)],
  ])('go %s over pages without loss or repetition', async (_way, options, expected) => {
    answerPages();
    const ids: string[] = [];
    for await (const entry of client.range('a', options)) {
      expect(new TextDecoder().decode(entry.payload)).toBe(entry.id);
      expect(entry.stream).toBe('default:a');
      ids.push(entry.id);
    }
    expect(ids).toEqual(expected);
    expect(requests.every(({ query }) => query['as'] === 'binary')).toBe(true);
  });

  it('find the entry nearest in time, or none', async () => {
    answerPages();
    expect(await client.nearest('a', new Date(5))).toMatchObject({ id: '5-0' });
    expect(requests[0]?.query).toMatchObject({ nearest: '5' });
    answerWith((_url, response) =>
      json(response, 404, { error: { code: 'STREAM_NOT_FOUND', message: 'no stream a' } }),
    );
    expect(await client.nearest('a', '2026-01-01T00:00:00Z')).toBeNull();
    answerWith((_url, response) => json(response, 500, { error: { code: 'INTERNAL', message: 'broken' } }));
    await expect(client.nearest('a', 5)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('the redis-streamer dialect', () => {
  it('posts parts and reads ids', async () => {
    answerWith((_url, response) => json(response, 200, ['5-0', '5-1']));
    const ids = await client.streamer.post('a', [encodeName('x'), encodeName('y')], { device: 'cam' });
    expect(ids).toEqual(['5-0', '5-1']);
    expect(requests[0]).toMatchObject({ path: '/data/a', query: { device_id: 'cam' } });
    expect(requests[0]?.body.match(/name="entries"; filename="entry"/g)).toHaveLength(2);
  });

  it('reads entries and the cursor', async () => {
    answerWith((_url, response) => {
      response.setHeader('x-offsets', '[["a","5-0",2],["a","5-1",3]]').setHeader('x-last-entry-id', '5-1').end('xyz');
    });
    const page = await client.streamer.get('a', { lastEntryId: '0', count: 2, latest: true, block: 10 });
    expect(page.lastEntryId).toBe('5-1');
    expect(page.entries.map(({ id, payload }) => [id, new TextDecoder().decode(payload)])).toEqual([
      ['5-0', 'xy'],
      ['5-1', 'z'],
    ]);
    expect(requests[0]?.query).toEqual({ last_entry_id: '0', latest: 'true', count: '2', block: '10' });
  });

  it('says so when the answer is not one of a Sluice', async () => {
    answerWith((_url, response) => response.end('hello'));
    await expect(client.streamer.get('a')).rejects.toMatchObject({ code: 'INTERNAL' });
    answerWith((_url, response) =>
      response.setHeader('x-offsets', '[["a","5-0",9]]').setHeader('x-last-entry-id', '5').end('xyz'),
    );
    await expect(client.streamer.get('a')).rejects.toMatchObject({ code: 'INVALID_OFFSETS' });
  });
});

describe('errors', () => {
  it.each([
    [
      404,
      { error: { code: 'STREAM_NOT_FOUND', message: 'no stream default:a' } },
      'STREAM_NOT_FOUND',
      'no stream default:a',
    ],
    [404, 'nginx', 'NOT_FOUND', 'nginx'],
    [422, { detail: [] }, 'INVALID_PARAMETER', '422'],
    [507, {}, 'LOG_FULL', '507'],
    [500, { error: 'text' }, 'INTERNAL', 'text'],
  ])('of status %i with %j are %s', async (status, body, code, message) => {
    answerWith((_url, response) => json(response, status, body));
    await expect(client.streams.info('a')).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('tell a server that is not there from an answer that never came', async () => {
    answerWith((_url, response) => response.destroy());
    await expect(client.streams.info('a')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(client.streams.delete('a')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await server.stop();
    await expect(client.streams.delete('a')).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await server.start();
  });

  it('health is told whether ready or not', async () => {
    answerWith((_url, response) => json(response, 503, { status: 'not ready', service: 'api-gateway', checks: {} }));
    expect(await client.health()).toMatchObject({ status: 'not ready' });
  });
});
