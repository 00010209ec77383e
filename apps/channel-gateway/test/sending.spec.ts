import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { type Mounts } from '../src/sdk/index.js';
import { TestGateway, type Answer } from './support/gateway.js';
import { lab } from './support/lab.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start({
    isSuite: true,
    application: lab({ outputs: { dir: '/nowhere' } }),
    environment: { SLUICE_CHANNEL_GATEWAY_MAX_SEND_RECORDS: '1000' },
  });
});

afterAll(async () => {
  await gateway?.close();
});

const faultsOf = ({ body }: Answer): Record<string, unknown>[] =>
  (body as { detail: Record<string, unknown>[] }).detail;

describe('sending', () => {
  it('one record ticks it, and answers with its id, timestamp and defaults', async () => {
    const { status, body, headers } = await gateway.post('/send/input', { x: 1 });
    const [record] = body as Record<string, unknown>[];
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('application/json')]);
    expect(record).toMatchObject({ id: expect.stringMatching(/^\d{19}$/), x: 1, text: '' });
    expect(await gateway.list('/last/input')).toEqual([record]);
    expect(await gateway.list(`/lookup/input/${String(record?.['id'])}`)).toEqual([record]);
  });

  it('a list ticks each of its records, in order; an empty one nothing', async () => {
    const { body } = await gateway.post('/send/input', [{ x: 2 }, { x: 3 }, { x: 4 }]);
    expect(body).toMatchObject([{ x: 2 }, { x: 3 }, { x: 4 }]);
    expect(await gateway.list('/last/input')).toMatchObject([{ x: 4 }]);
    for (const record of body as { id: string }[])
      expect(await gateway.list(`/lookup/input/${record.id}`)).toEqual([record]);
    expect(await gateway.post('/send/input', [])).toMatchObject({ status: 200, body: [] });
    expect(await gateway.list('/last/input')).toMatchObject([{ x: 4 }]);
    await waitFor(async () => (await gateway.list('/last/doubled'))[0]?.['x'] === 8);
  });

  it('to a channel of lists is one tick of one list, also for a single record', async () => {
    expect((await gateway.post('/send/lists', { x: 1 })).body).toMatchObject([{ x: 1 }]);
    expect(await gateway.list('/last/lists')).toMatchObject([{ x: 1 }]);
    await gateway.post('/send/lists', [{ x: 1 }, { x: 2 }]);
    expect(await gateway.list('/last/lists')).toMatchObject([{ x: 1 }, { x: 2 }]);
  });

  it('to a key of a basket, and to several keys at once', async () => {
    expect((await gateway.post('/send/sides/LEFT', { x: 1 })).body).toMatchObject([{ x: 1 }]);
    expect(await gateway.list('/last/sides')).toMatchObject([{ x: 1 }]);
    expect(await gateway.list('/last/sides/RIGHT')).toEqual([]);
    expect((await gateway.post('/send/sides', { RIGHT: { x: 5 }, LEFT: { x: 4 } })).body).toMatchObject([
      { x: 5 },
      { x: 4 },
    ]);
    expect(await gateway.list('/last/sides')).toMatchObject([{ x: 4 }, { x: 5 }]);
    expect(await gateway.post('/send/sides', {})).toMatchObject({ status: 200, body: [] });
  });

  it('to baskets of lists, whose whole is one flat list', async () => {
    await gateway.post('/send/listed/y/z', [{ x: 1 }, { x: 2 }]);
    await gateway.post('/send/listed', { q: [{ x: 3 }] });
    expect(await gateway.list('/last/listed/y/z')).toMatchObject([{ x: 1 }, { x: 2 }]);
    expect(await gateway.list('/last/listed')).toMatchObject([{ x: 1 }, { x: 2 }, { x: 3 }]);
  });

  it('honours the id and the timestamp of the client', async () => {
    const given = { id: 77, timestamp: '2026-01-01T12:00:00+02:00', inner: { id: 'in/ner', n: 1 } };
    const { body } = await gateway.post('/send/input', given);
    expect(body).toMatchObject([{ id: '77', timestamp: '2026-01-01T10:00:00', inner: { id: 'in/ner', n: 1 } }]);
    expect(await gateway.list('/lookup/input/77')).toEqual(body);
    expect(await gateway.list('/lookup/id/in/ner')).toMatchObject([{ id: 'in/ner', n: 1 }]);
    expect(await gateway.list('/lookup/input/in/ner')).toEqual([]);
    await gateway.post('/send/input', { id: '77', x: 9 });
    expect(await gateway.list('/lookup/input/77')).toMatchObject([{ x: 9 }]);
  });

  it('of a type that opted out cannot be looked up', async () => {
    await gateway.post('/send/secrets', { id: 'hidden', s: 'x' });
    expect(await gateway.list('/lookup/secrets/hidden')).toEqual([]);
    expect((await gateway.get('/lookup/id/hidden')).status).toBe(404);
  });

  it('gives every record an id of its own', async () => {
    const batches = await Promise.all(
      Array.from({ length: 5 }, () =>
        gateway.post(
          '/send/input',
          Array.from({ length: 200 }, () => ({})),
        ),
      ),
    );
    const ids = batches.flatMap(({ body }) => (body as { id: string }[]).map(({ id }) => id));
    expect(new Set(ids).size).toBe(1000);
  });
});

describe('a refused send ticks nothing', () => {
  it.each<[string, unknown, string, (string | number)[]]>([
    ['/send/input', { x: 'a' }, 'int_parsing', ['body', 'x']],
    ['/send/input', [{ x: 1 }, { q: 1 }], 'extra_forbidden', ['body', 1, 'q']],
    ['/send/input', { text: null }, 'string_type', ['body', 'text']],
    ['/send/input', { inner: null }, 'model_attributes_type', ['body', 'inner']],
    ['/send/input', 5, 'model_attributes_type', ['body']],
    ['/send/input', '"text"', 'model_attributes_type', ['body']],
    ['/send/input', '{"x":1e400}', 'finite_number', ['body', 'x']],
    ['/send/input', '{"x":', 'json_invalid', ['body', 5]],
    ['/send/input', `${'['.repeat(1000)}${']'.repeat(1000)}`, 'json_invalid', ['body', 0]],
    ['/send/input', undefined, 'missing', ['body']],
    ['/send/input', Array.from({ length: 1001 }, () => ({})), 'too_long', ['body']],
    ['/send/sides/UP', {}, 'enum', ['path', 'key']],
    ['/send/sides', { LEFT: {}, UP: {} }, 'enum', ['body', 'UP', '[key]']],
    ['/send/sides', [], 'dict_type', ['body']],
    ['/send/sides', { LEFT: [{}] }, 'model_attributes_type', ['body', 'LEFT']],
    ['/send/sides', { LEFT: { x: 'a' } }, 'int_parsing', ['body', 'LEFT', 'x']],
  ])('%s %j', async (path, body, type, loc) => {
    const before = [await gateway.list('/last/input'), await gateway.list('/last/sides')];
    const answer = await gateway.post(path, body);
    expect([answer.status, faultsOf(answer)[0]]).toMatchObject([422, { type, loc }]);
    expect([await gateway.list('/last/input'), await gateway.list('/last/sides')]).toEqual(before);
  });

  it.each([
    ['/send/doubled', 'Not Found'],
    ['/send/nope', 'Not Found'],
    ['/send/input/A', 'Not Found'],
    ['/send/listed/zzz', 'Channel not found: listed/zzz'],
  ])('%s is 404: %s', async (path, detail) => {
    expect(await gateway.post(path, {})).toMatchObject({ status: 404, body: { detail } });
  });

  it('a list of as many records as may be is taken', async () => {
    expect(
      (
        await gateway.post(
          '/send/input',
          Array.from({ length: 1000 }, () => ({})),
        )
      ).status,
    ).toBe(200);
  });

  it('a body over the limit is 413, and the service goes on', async () => {
    const answer = await gateway.post('/send/input', `{"text":"${'x'.repeat(17 * 1024 * 1024)}"}`);
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ detail: expect.stringContaining('larger than') });
    expect((await gateway.post('/send/input', {})).status).toBe(200);
  });

  it('a million keys are refused in few words', async () => {
    const keys = Array.from({ length: 300_000 }, (_, at) => `"k${at}":{}`).join(',');
    const answer = await gateway.post('/send/sides', `{${keys}}`);
    expect([answer.status, JSON.stringify(answer.body).length < 10_000]).toEqual([422, true]);
  });
});

describe('what is mounted', () => {
  const names = async (mounts: Mounts): Promise<[unknown, unknown, unknown]> => {
    const environment = { SLUICE_CHANNEL_GATEWAY_APPLICATION: 'mounted' };
    const other = await TestGateway.start({ application: lab(mounts), redis: gateway.redis, environment });
    try {
      const { status, body } = await other.post('/send/doubled', {});
      return [(await other.get('/send/')).body, status, (body as { detail: unknown }).detail];
    } finally {
      await other.close();
    }
  };

  it.each<[string, Mounts, readonly unknown[]]>([
    ['what clients can send to', { send: { exclude: ['lists', 'listed', 'sides'] } }, ['input', 'secrets']],
    ['what is named', { send: ['input'] }, ['input']],
  ])('is %s; anything else is not found', async (_what, mounts, expected) => {
    expect(await names(mounts)).toEqual([expected, 404, 'Not Found']);
  });

  it.each<[string, Mounts]>([
    ['named', { send: ['input', 'doubled'] }],
    ['mounted with everything', { everything: true }],
  ])('says that nothing stands behind a channel that is %s and takes nothing from clients', async (_what, mounts) => {
    const [listed, status, detail] = await names(mounts);
    expect([listed, status, detail]).toEqual([expect.arrayContaining(['doubled']), 404, 'Channel not found: doubled']);
  });
});

describe('a module that throws', () => {
  it('does not stop the others, and its record is kept with the reason', async () => {
    await gateway.post('/send/input', [
      { x: 21, text: 'throw' },
      { x: 21, text: 'fine' },
    ]);
    await waitFor(async () => (await gateway.list('/last/doubled'))[0]?.['text'] === 'fine');
    const letters = (await gateway.redis.command('XRANGE', 'sluice:channels:{default}:dead-letters', '-', '+')) as [
      string,
      string[],
    ][];
    expect(JSON.parse(letters.at(-1)?.[1][1] ?? '{}')).toMatchObject({
      module: 'Doubler',
      error: 'asked to throw',
      ticks: { input: { x: 21, text: 'throw' } },
    });
    expect(await gateway.metrics()).toMatch(
      /sluice_channels_module_failures_total\{module="Doubler",service="channel-gateway"\} 1/,
    );
  });

  it('does not stop the others either when nothing can be said of what it throws', async () => {
    await gateway.post('/send/input', [{ text: 'throw oddly' }, { text: 'fine again' }]);
    await waitFor(async () => (await gateway.list('/last/doubled'))[0]?.['text'] === 'fine again');
  });
});

describe('outputs', () => {
  it('of a folder that is not there are 404', async () => {
    expect((await gateway.get('//outputs/')).status).toBe(404);
    expect((await gateway.get('//outputs/a.log')).status).toBe(404);
    expect((await gateway.get('//outputs/..%2f..%2fetc%2fpasswd')).status).toBe(404);
  });
});
