import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { states } from './support/states.js';
import { TestGateway } from './support/gateway.js';

let lab: TestGateway;

beforeAll(async () => {
  lab = await TestGateway.start({ isSuite: true, application: states() });
  const answer = await lab.post('/send/samples', [
    {
      id: 'a',
      n: 5,
      f: 1.5,
      text: "it's",
      flag: true,
      when: '2030-01-02T03:04:05',
      day: '2030-01-01',
      color: 1,
      shade: 'DARK',
      inner: { z: 1 },
      tags: ['x', 'y'],
    },
    {
      id: 'b',
      n: 6,
      f: 2,
      text: '10',
      flag: false,
      when: '2030-01-02T03:04:06Z',
      day: '2030-01-02',
      color: 2,
      shade: 'LIGHT',
      inner: { z: 2 },
      tags: [],
    },
    { id: 'c', n: 50, f: 50, text: '5' },
    { id: 'd' },
  ]);
  expect(answer.status).toBe(200);
});

afterAll(async () => {
  await lab?.close();
});

const idsOf = (body: unknown): unknown[] => (body as { id: string }[]).map(({ id }) => id);
const ask = (filters: unknown[], more = ''): ReturnType<TestGateway['get']> =>
  lab.get(`/state/samples?query=${encodeURIComponent(JSON.stringify({ filters }))}${more}`);
const by = (attr: string, value: unknown, where?: string): unknown => ({
  attr,
  by: { value, ...(where === undefined ? {} : { where }) },
});

describe('a filter', () => {
  it.each([
    ['a whole number', by('n', 5), ['a']],
    ['a whole number as text', by('n', '5'), ['a']],
    ['a whole number with a point', by('n', '5.0'), ['a']],
    ['a fraction, which no whole number is', by('n', 5.6), []],
    ['a fraction, which whole numbers lie above', by('n', 5.6, '>'), ['b', 'c']],
    ['true, which is 1 for numbers', by('inner.z', true), ['a']],
    ['a truth value', by('flag', true), ['a']],
    ['what is not equal, without what is not there', by('n', 5, '!='), ['b', 'c']],
    ['a fraction of a number', by('f', 1.5), ['a']],
    ['a text with a quote', by('text', "it's"), ['a']],
    ['a number against a text, as text', by('text', 5), ['c']],
    ['texts in the order of their bytes', by('text', '5', '<'), ['b', 'd']],
    ['a moment', { attr: 'when', by: { when: '2030-01-02T03:04:05Z' } }, ['a']],
    ['a moment of another zone', { attr: 'when', by: { when: '2030-01-02T05:04:06+02:00' } }, ['b']],
    ['a moment as a value', by('when', '2030-01-02T03:04:06', '>='), ['b']],
    ['a date', by('day', '2030-01-01'), ['a']],
    ['a date later than a moment', { attr: 'day', by: { when: '2030-01-01T12:00:00', where: '>' } }, ['b']],
    ['the value of a member', by('color', 1), ['a']],
    ['the value of a member as text', by('color', '1'), ['a']],
    ['the name of a member', by('color', 'RED'), ['a']],
    ['the name of a member that stands on the wire', by('shade', 'DARK'), ['a']],
    ['the value of a member whose name stands on the wire', by('shade', 7), ['a']],
    ['a path into a nested record', by('inner.z', 2), ['b']],
    ['another attribute', { attr: 'n', by: { attr: 'f' } }, ['c']],
    ['another attribute of another kind', { attr: 'n', by: { attr: 'text' } }, []],
    ['nothing', { attr: 'n', by: {} }, ['a', 'b', 'c', 'd']],
    ['null, which is nothing', by('n', null), ['a', 'b', 'c', 'd']],
    ['the value, of several operands', { attr: 'n', by: { value: 5, when: '2030-01-01', attr: 'f' } }, ['a']],
    ['one of several values', by('n', [5, '6'], 'in'), ['a', 'b']],
    [
      'one of many values',
      by(
        'n',
        Array.from({ length: 1000 }, (_none, n) => n + 6),
        'in',
      ),
      ['b', 'c'],
    ],
    [
      'one of many fractions',
      by(
        'f',
        Array.from({ length: 1000 }, (_none, n) => n + 0.5),
        'in',
      ),
      ['a'],
    ],
    ['one of no values', by('n', [], 'in'), []],
    ['a part of a text', by('text', "t'", 'contains'), ['a']],
    ['an item of a list', by('tags', 'y', 'contains'), ['a']],
    ['null', { attr: 'n', by: { where: 'null' } }, ['d']],
    ['not null', { attr: 'n', by: { where: 'not null' } }, ['a', 'b', 'c']],
    ['one of several filters', { or: [by('n', 5), { and: [by('n', 50), by('f', 50)] }] }, ['a', 'c']],
    ['SQL, which is text', by('text', "' OR 1=1 --"), []],
  ])('by %s', async (_what, filter, expected) => {
    const { status, body } = await ask([filter]);
    expect([status, status === 200 ? idsOf(body) : body]).toEqual([200, expected]);
  });

  it('of two holds where both hold', async () => {
    expect(idsOf((await ask([by('n', 5, '>'), by('f', 10, '<')])).body)).toEqual(['b']);
  });

  it.each([
    ['is unknown', by('nope', 1), ['filters', 0, 'attr']],
    ['is SQL', by('n" OR 1=1 --', 1), ['filters', 0, 'attr']],
    ['is a nested record', by('inner', 1), ['filters', 0, 'attr']],
    ['is a list', by('tags', 'x'), ['filters', 0, 'attr']],
    ['is a map', by('map', 1), ['filters', 0, 'attr']],
    ['to compare with is unknown', { attr: 'n', by: { attr: 'nope' } }, ['filters', 0, 'by', 'attr']],
    [
      'is a number and the one to compare with a moment',
      { attr: 'n', by: { attr: 'when' } },
      ['filters', 0, 'by', 'attr'],
    ],
    ['is a number and one of several values none', by('n', [5, 'abc'], 'in'), ['filters', 0, 'by', 'value']],
    ['is a number and the value none', by('n', 'abc'), ['filters', 0, 'by', 'value']],
    ['is a moment and the value none', by('when', 'abc'), ['filters', 0, 'by', 'value']],
    ['is searched and cannot be', by('n', 1, 'contains'), ['filters', 0, 'attr']],
  ])('is refused where the attribute %s', async (_what, filter, loc) => {
    const { status, body } = await ask([filter]);
    expect(status).toBe(400);
    expect((body as { detail: { loc: unknown }[] }).detail[0]?.loc).toEqual(loc);
  });

  it.each([
    [by('nope', 1), ['a', 'b', 'c', 'd']],
    [by('tags', 'x'), ['a', 'b', 'c', 'd']],
    [by('n', 'abc'), []],
    [by('n', [5, 'abc'], 'in'), ['a']],
    [by('n', ['abc'], 'in'), []],
    [{ attr: 'n', by: { attr: 'when' } }, []],
  ])('%j is let through where leniency is asked for', async (filter, expected) => {
    expect(idsOf((await ask([filter], '&lenient=true')).body)).toEqual(expected);
  });
});

describe('a query', () => {
  it.each(['', 'query={}', 'query=null', 'query={"filters":[]}', 'query={"filters":[],"limit":1}'])(
    '"%s" has no conditions',
    async (text) => {
      expect(idsOf((await lab.get(`/state/samples?${encodeURI(text)}`)).body)).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  it.each(['', '{', 'abc', '{"filters":'])('"%s" is no JSON: 422', async (text) => {
    const { status, body } = await lab.get(`/state/samples?query=${encodeURIComponent(text)}`);
    expect(status).toBe(422);
    expect(body).toMatchObject({
      detail: [{ type: 'json_invalid', loc: ['query', 'query'], ctx: { error: expect.any(String) } }],
    });
  });

  it.each([
    [{ filters: [{ attr: 'n', by: { value: 1, where: '~' } }] }, ['filters', 0, 'by', 'where'], 'literal_error'],
    [{ filters: [{ attr: 'n' }] }, ['filters', 0, 'by'], 'missing'],
    [{ filters: [{ by: {} }] }, ['filters', 0, 'attr'], 'missing'],
    [[], [], 'model_type'],
    [{ filters: 5 }, ['filters'], 'list_type'],
    [{ filters: [{ attr: 'n', by: { when: 'soon' } }] }, ['filters', 0, 'by', 'when'], 'datetime_from_date_parsing'],
    [{ filters: [{ attr: 'n', by: { value: [1] } }] }, ['filters', 0, 'by', 'value'], 'string_type'],
  ])('%j has the wrong shape: 400', async (query, loc, type) => {
    const { status, body } = await lab.get(`/state/samples?query=${encodeURIComponent(JSON.stringify(query))}`);
    expect([status, body]).toMatchObject([
      400,
      { detail: [{ type, loc, msg: expect.any(String), url: expect.any(String) }] },
    ]);
  });

  it('that is nested without end, or has filters without end, is refused', async () => {
    const deep = `${'{"or":['.repeat(5000)}${']}'.repeat(5000)}`;
    expect(
      (await lab.get(`/state/samples?query=${encodeURIComponent(`{"filters":[${deep}]}`)}`)).status,
    ).toBeGreaterThanOrEqual(400);
    const { status } = await ask(Array.from({ length: 201 }, () => ({ attr: 'n', by: {} })));
    expect(status).toBe(400);
    expect((await ask(Array.from({ length: 200 }, () => ({ attr: 'n', by: {} })))).status).toBe(200);
  });

  it.each([
    ['limit=2', ['a', 'b']],
    ['limit=2&offset=1', ['b', 'c']],
    ['limit=0', []],
    ['sort=-n', ['c', 'b', 'a', 'd']],
    ['sort=n', ['d', 'a', 'b', 'c']],
    ['sort=inner.z,-id', ['d', 'c', 'a', 'b']],
  ])('with %s', async (parameters, expected) => {
    expect(idsOf((await lab.get(`/state/samples?${parameters}`)).body)).toEqual(expected);
  });

  it('shows the fields that are asked for', async () => {
    expect((await lab.get('/state/samples?fields=id,inner.z&limit=1')).body).toEqual([{ id: 'a', 'inner.z': 1 }]);
  });

  it.each([
    'limit=x',
    'limit=-1',
    'offset=1.5',
    'sort=nope',
    'fields=nope',
    'fields=',
    'sort=n,',
    'lenient=perhaps',
    'limit=1&limit=2',
  ])('with %s is refused', async (parameters) => {
    expect([400, 422]).toContain((await lab.get(`/state/samples?${parameters}`)).status);
  });
});

describe('a state', () => {
  it('keeps the newest record of each key, in the order of the keys, with null before the rest', async () => {
    await lab.post('/send/keyed', [
      { text: 'b', n: 1 },
      { text: 'a', n: 2 },
      { text: 'b', n: 3 },
      { n: 4, inner: { z: 9 } },
      { text: 'b', n: 5, inner: { z: 1 } },
      { n: 6, inner: { z: 9 } },
    ]);
    const shown = (await lab.list('/state/keyed')).map(({ text, n }) => [text, n]);
    expect(shown).toEqual([
      ['', 6],
      ['a', 2],
      ['b', 5],
    ]);
    expect((await lab.list('/state/by_inner')).map(({ n }) => n)).toEqual([3, 5, 6]);
  });

  it('of a path that no record has is one record', async () => {
    expect((await lab.list('/state/by_nothing')).map(({ n }) => n)).toEqual([6]);
  });

  it('of lists has their items, and of a basket those of its key', async () => {
    await lab.post('/send/lists', [
      { n: 1, text: 'l' },
      { n: 2, text: 'm' },
    ]);
    await lab.post('/send/sides', { LEFT: { n: 1 }, RIGHT: { n: 2 } });
    expect((await lab.list('/state/lists')).map(({ n }) => n)).toEqual([1, 2]);
    expect((await lab.list('/state/right')).map(({ n }) => n)).toEqual([2]);
    expect((await lab.get('/state/right/RIGHT')).status).toBe(404);
  });

  it('is found under its alias, listed, and refused where there is none', async () => {
    expect((await lab.list('/state/by-inner')).length).toBe(3);
    expect((await lab.get('/state/')).body).toEqual([
      'by_inner',
      'by_nothing',
      'empty',
      'keyed',
      'lists',
      'right',
      'samples',
    ]);
    expect(await lab.get('/state/nope')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    expect(await lab.get('/state/empty')).toMatchObject({ status: 404, body: { detail: 'State not found: empty' } });
    expect((await lab.get('/state')).headers.get('location')).toBe(`${lab.url}/api/v1/state/`);
  });

  it('takes half a character and every other text', async () => {
    const text = `\ud800 \0 \\ud800 " ' \u{1f600}`;
    await lab.post('/send/keyed', { text, n: 77 });
    expect((await lab.list('/state/keyed')).find(({ n }) => n === 77)?.['text']).toBe(text);
    const query = encodeURIComponent(JSON.stringify({ filters: [by('n', 77)] }));
    expect((await lab.list(`/state/keyed?query=${query}`)).length).toBe(1);
  });

  it('stands in the document with its keys', async () => {
    const { body } = await lab.get('//openapi.json');
    const { paths } = body as { paths: Record<string, { get: { description: string; type_: string } }> };
    expect(paths['/api/v1/state/samples']?.get.description).toMatch(/^\*\*Keyed by:\*\* 'id'/);
    expect(Object.keys(paths)).toContain('/api/v1/state/');
  });
});

describe('replicas and restarts', () => {
  it('a record is in the state of every replica as soon as it is accepted', async () => {
    const other = await TestGateway.start({ application: states(), redis: lab.redis });
    try {
      for (let n = 100; n < 110; n += 1) {
        await lab.post('/send/keyed', { text: 'shared', n });
        expect((await other.list('/state/keyed')).find(({ text }) => text === 'shared')?.['n']).toBe(n);
      }
      expect(await other.list('/state/keyed')).toEqual(await lab.list('/state/keyed'));
    } finally {
      await other.close();
    }
  });

  it('a state outlives what the log has forgotten', async () => {
    const before = await lab.list('/state/keyed');
    const key = 'sluice:channels:{default}:state:keyed';
    await waitFor(async () => Number(await lab.redis.command('HLEN', key)) === before.length);
    await lab.redis.command('XTRIM', 'sluice:channels:{default}:stream:keyed', 'MAXLEN', '1');
    const restarted = await TestGateway.start({ application: states(), redis: lab.redis });
    try {
      expect(await restarted.list('/state/keyed')).toEqual(before);
    } finally {
      await restarted.close();
    }
  });
});

describe('a window', () => {
  it('is all that a state keeps, in memory and after a restart', async () => {
    const environment = { SLUICE_CHANNEL_GATEWAY_STATE_RECORDS: '3' };
    const small = await TestGateway.start({ application: states(), environment });
    try {
      const keyed = Array.from({ length: 6 }, (_none, n) => ({ text: String(n), n }));
      await small.post('/send/keyed', keyed.slice(0, 4));
      expect((await small.list('/state/keyed')).map(({ n }) => n)).toEqual([1, 2, 3]);
      await small.post('/send/keyed', keyed.slice(4));
      expect((await small.list('/state/keyed')).map(({ n }) => n)).toEqual([3, 4, 5]);
      const restarted = await TestGateway.start({ application: states(), environment, redis: small.redis });
      expect((await restarted.list('/state/keyed')).map(({ n }) => n)).toEqual([3, 4, 5]);
      await restarted.close();
    } finally {
      await small.close();
    }
  });
});
