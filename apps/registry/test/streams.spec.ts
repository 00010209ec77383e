import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from './support/registry.js';

let registry: Registry;

beforeAll(async () => {
  registry = await Registry.start();
});

beforeEach(() => registry.data('mutation { flush }'));

afterAll(() => registry.close());

interface StreamFields {
  readonly id: string;
  readonly error: string;
  readonly length: number;
  readonly meta: unknown;
}

async function ids(query: string, field = 'streams'): Promise<string[]> {
  const data = await registry.data<Record<string, readonly StreamFields[]>>(query);
  return (data[field] ?? []).map(({ id }) => id);
}

describe('streams', () => {
  it('tell what Redis knows, with times in ISO or as asked, and entries in all forms', async () => {
    await registry.add('cam:a', '{"x":1}', '1638125133432-0');
    await registry.add('cam:a', 'later', '1638125133999-3');
    await registry.redis.command('XGROUP', 'CREATE', 'cam:a', 'workers', '0');
    const query = `{ stream(id: "cam:a") { id sid streamId error length groups entriesAdded firstEntryId lastEntryId
      lastGeneratedId recordedFirstEntryId maxDeletedEntryId radixTreeKeys radixTreeNodes meta
      firstEntryTime firstDay: firstEntryTime(format: "%d.%m.%Y") lastEntryTime
      firstEntryData firstEntryString firstEntryJson lastEntryData lastEntryString lag groupLags { group lag pending } } }`;
    expect(await registry.data(query)).toEqual({
      stream: {
        ...{ id: 'cam:a', sid: 'cam:a', streamId: 'cam:a', error: '', length: 2, groups: 1, entriesAdded: 2, meta: {} },
        ...{ firstEntryId: '1638125133432-0', lastEntryId: '1638125133999-3', lastGeneratedId: '1638125133999-3' },
        ...{ recordedFirstEntryId: '1638125133432-0', maxDeletedEntryId: '0-0' },
        ...{ radixTreeKeys: expect.any(Number), radixTreeNodes: expect.any(Number) },
        ...{ firstEntryTime: '2021-11-28T18:45:33.432Z', firstDay: '28.11.2021' },
        ...{ lastEntryTime: '2021-11-28T18:45:33.999Z', firstEntryData: 'eyJ4IjoxfQ==' },
        ...{
          firstEntryString: '{"x":1}',
          firstEntryJson: { x: 1 },
          lastEntryData: 'bGF0ZXI=',
          lastEntryString: 'later',
        },
        ...{ lag: 2, groupLags: [{ group: 'workers', lag: 2, pending: 0 }] },
      },
    });
  });

  it('that do not exist say so, and are empty otherwise', async () => {
    const query = `{ stream(id: "no:such") { error length lastEntryId firstEntryTime firstEntryData firstEntryString
      firstEntryJson meta lag lastEntryAgeMs } }`;
    expect(await registry.data(query)).toEqual({
      stream: {
        ...{ error: 'no such key', length: 0, lastEntryId: '', firstEntryTime: '', firstEntryData: '' },
        ...{ firstEntryString: '', firstEntryJson: {}, meta: {}, lag: null, lastEntryAgeMs: null },
      },
    });
  });

  it('are listed sorted, by glob and prefix, those that only have metadata too', async () => {
    for (const key of ['b:two', 'a:one', 'a:three']) await registry.add(key, 'x');
    await registry.data('mutation { updateStreamMeta(sid: "planned", deviceId: "a", meta: {rate: 5}) }');
    expect(await registry.data('{ streamIds }')).toEqual({ streamIds: ['a:one', 'a:three', 'b:two'] });
    expect(await registry.data('{ streamIds(match: "t*", prefix: "a:") }')).toEqual({ streamIds: ['three'] });
    expect(await registry.data('{ streamIds(searchMeta: true, prefix: "a:") }')).toEqual({
      streamIds: ['one', 'planned', 'three'],
    });
    expect(await ids('{ streams { id } }')).toEqual(['a:one', 'a:planned', 'a:three', 'b:two']);
    expect(await ids('{ streams(match: "p*", prefix: "a:") { id } }')).toEqual(['planned']);
    expect(await ids('{ streams(ids: ["b:two", "x:y"]) { id } }')).toEqual(['b:two', 'x:y']);
    expect(await ids('{ streams(sids: []) { id } }')).toHaveLength(4);
    const { errors } = await registry.ask('{ streams(ids: ["a"], sids: ["b"]) { id } }');
    expect(errors?.[0]?.message).toContain('same argument');
  });

  it('are matched by whatever a glob may be, in little time', async () => {
    await registry.add(`g:${'a'.repeat(100)}`, 'x');
    const find = (match: string) => registry.ask('query ($m: String!) { streamIds(match: $m) }', { m: match });
    for (const match of ['[', 'a[]', '*[']) {
      const { data, errors } = await find(match);
      expect([data, errors?.[0]?.extensions?.code]).toEqual([null, 'INVALID_PARAMETER']);
      expect(errors?.[0]?.message).toContain(JSON.stringify(match));
    }
    for (const match of ['\\[', '[a-', '[^', '\\', '*[x'.repeat(100), `${'*a'.repeat(200)}b`, 'x'.repeat(512)]) {
      expect((await find(match)).data).toEqual({ streamIds: [] });
    }
    expect((await find('x'.repeat(513))).errors?.[0]?.message).toContain('513 characters');
    expect((await find('g:*')).data?.['streamIds']).toHaveLength(1);
  });

  it('never show our own keys, nor other things that stand under a name', async () => {
    await registry.add('sluice:secret', 'x');
    await registry.redis.command('SET', 'plain', 'text');
    expect(await registry.data('{ streamIds(searchMeta: true) }')).toEqual({ streamIds: [] });
    expect(await registry.data('{ streams(ids: ["plain"]) { length error } }')).toMatchObject({
      streams: [{ length: 0, error: expect.stringContaining('not a stream') }],
    });
    expect((await registry.ask('{ stream(id: "sluice:secret") { length } }')).errors?.[0]?.message).toContain(
      'reserved',
    );
  });

  it('with an entry that cannot be read spoil nothing but their own field', async () => {
    await registry.add('x:bytes', Buffer.from([0xff, 0xfe]));
    await registry.add('x:null', 'null');
    await registry.add('x:good', '{"fine":true}');
    const query = '{ streams(prefix: "x:") { id lastEntryJson lastEntryString lastEntryData length } }';
    const { data, errors, extensions } = await registry.ask(query);
    expect(errors).toBeUndefined();
    expect(data?.['streams']).toEqual([
      { id: 'bytes', lastEntryJson: {}, lastEntryString: '', lastEntryData: '//4=', length: 1 },
      {
        id: 'good',
        lastEntryJson: { fine: true },
        lastEntryString: '{"fine":true}',
        lastEntryData: expect.any(String),
        length: 1,
      },
      { id: 'null', lastEntryJson: {}, lastEntryString: 'null', lastEntryData: 'bnVsbA==', length: 1 },
    ]);
    expect(extensions?.['problems']).toHaveLength(3);
  });

  it('with metadata that is no object count as having none', async () => {
    await registry.add('x:list', '1');
    await registry.redis.command('SET', ':stream:meta:x:list', '[1,2]');
    expect(await registry.data('{ streams { id meta } }')).toEqual({ streams: [{ id: 'x:list', meta: {} }] });
  });

  it('of a thousand with all their fields cost a handful of round trips', async () => {
    const names = Array.from({ length: 1_000 }, (_, at) => `many:${String(at).padStart(4, '0')}`);
    await Promise.all(names.map((name) => registry.add(name, '{"a":1}')));
    const fields = `id length error meta firstEntryJson lastEntryString lastEntryTime groups lag ratePerSecond revision`;
    await registry.data(`{ streams { ${fields} } }`);
    const before = await reads();
    const { streams } = await registry.data<{ streams: StreamFields[] }>(`{ streams { ${fields} } }`);
    const trips = (await reads()) - before;
    expect(streams).toHaveLength(1_000);
    // Redis counts what it reads from sockets: a pipeline of thousands of commands is a few reads, one by one would be thousands.
    expect(trips).toBeLessThan(120);
  });
});

/** How often Redis has read from a socket. */
async function reads(): Promise<number> {
  const stats = String(await registry.redis.command('INFO', 'stats'));
  return Number(/total_reads_processed:(\d+)/.exec(stats)?.[1]);
}

describe('metadata of streams', () => {
  const update = (args: string): Promise<unknown> => registry.data(`mutation { updateStreamMeta(${args}) }`);
  const stored = (key: string): Promise<unknown> => registry.redis.command('GET', `:stream:meta:${key}`);

  it('is replaced, or merged with update, under the key of the original', async () => {
    expect(await update('streamId: "a", meta: {x: 1, y: 2}')).toEqual({ updateStreamMeta: { meta_set: true } });
    await update('streamId: "a", meta: {y: 3, z: [1, {w: null}]}, update: true');
    expect(JSON.parse(String(await stored('default:a')))).toEqual({ x: 1, y: 3, z: [1, { w: null }] });
    await update('sid: "a", meta: {only: true}');
    expect(await stored('default:a')).toBe('{"only":true}');
  });

  it.each(['[1]', '"text"', '7', 'null', 'true'])('is refused when it is %s, and nothing is stored', async (meta) => {
    const { errors } = await registry.ask(`mutation ($m: JSON!) { updateStreamMeta(sid: "bad", meta: $m) }`, {
      m: JSON.parse(meta) as unknown,
    });
    expect(errors).toHaveLength(1);
    expect(await stored('default:bad')).toBeNull();
  });

  it('that is very deep is refused, not stumbled over', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const query = 'mutation ($m: JSON!) { updateStreamMeta(sid: "deep", meta: $m) }';
    const body = `{"query":${JSON.stringify(query)},"variables":{"m":${deep}}}`;
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${registry.url}/graphql`, { method: 'POST', headers, body });
    expect(await response.text()).toContain('levels');
  });

  it('is bounded in size and depth', async () => {
    const set = (m: unknown) => registry.ask('mutation ($m: JSON!) { updateStreamMeta(sid: "big", meta: $m) }', { m });
    const nest = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
    expect((await set({ a: 'x'.repeat(65_000) })).errors).toBeUndefined();
    expect((await set({ a: 'x'.repeat(66_000) })).errors?.[0]?.extensions?.code).toBe('MESSAGE_TOO_LARGE');
    expect((await set(nest(32))).errors).toBeUndefined();
    expect((await set(nest(33))).errors?.[0]?.message).toContain('levels');
  });

  it('has a revision, and a change that expects another one is refused', async () => {
    const revision = async (): Promise<string> =>
      (await registry.data<{ stream: { revision: string } }>('{ stream(id: "default:r") { revision } }')).stream
        .revision;
    expect(await revision()).toBe('0');
    await update('sid: "r", meta: {a: 1}, expectedRevision: "0"');
    const first = await revision();
    await update(`sid: "r", meta: {a: 2}, expectedRevision: "${first}"`);
    const late = await registry.ask(
      `mutation { updateStreamMeta(sid: "r", meta: {a: 3}, update: true, expectedRevision: "${first}") }`,
    );
    expect(late.errors?.[0]?.extensions).toEqual({
      code: 'REVISION_CONFLICT',
      details: { revision: await revision() },
    });
    expect(await stored('default:r')).toBe('{"a":2}');
  });

  it('is searched, page by page', async () => {
    for (let at = 0; at < 7; at++) {
      await update(`sid: "cam${at}", meta: {lens: {mm: ${at % 2 === 0 ? 35 : 50}}, tags: ["Indoor"], no: ${at}}`);
    }
    const query = `query ($after: String) { streamPage(first: 3, after: $after, where: [{path: "lens.mm", equals: 35},
      {path: "tags", contains: "door"}, {path: "lens", exists: true}]) { total cursor nodes { id meta error } } }`;
    interface Page {
      readonly streamPage: { total: number; cursor: string | null; nodes: StreamFields[] };
    }
    const first = (await registry.data<Page & Record<string, unknown>>(query)).streamPage;
    expect([first.total, first.nodes.map(({ id }) => id)]).toEqual([
      4,
      ['default:cam0', 'default:cam2', 'default:cam4'],
    ]);
    const second = (await registry.data<Page & Record<string, unknown>>(query, { after: first.cursor })).streamPage;
    expect([second.cursor, second.nodes.map(({ id }) => id)]).toEqual([null, ['default:cam6']]);
    expect((await registry.ask('{ streamPage(first: 0) { total } }')).errors?.[0]?.message).toContain('first is 0');
    expect((await registry.ask('{ streamPage(first: 1001) { total } }')).errors).toHaveLength(1);
    expect((await registry.ask('{ streamPage(after: "%%") { total } }')).errors?.[0]?.message).toContain('cursor');
  });

  it('goes with its stream, and alone', async () => {
    await registry.add('default:d', 'x');
    await update('sid: "d", meta: {a: 1}');
    const gone = 'mutation { deleteStream(streamId: "d") }';
    expect(await registry.data(gone)).toEqual({
      deleteStream: { data_deleted: true, meta_deleted: true, stream_deleted: true },
    });
    expect(await registry.data(gone)).toEqual({
      deleteStream: { data_deleted: false, meta_deleted: false, stream_deleted: false },
    });
    expect(await registry.data('{ streams { id } }')).toEqual({ streams: [] });
  });
});

describe('flush', () => {
  it('empties what belongs to streams and devices, and nothing else', async () => {
    await registry.add('a:b', 'x');
    await registry.redis.command('SET', 'sluice:auth:user', 'kept');
    await registry.redis.command('SET', 'foreign', 'kept');
    await registry.data('mutation { connectDevice(id: "a", meta: {}) updateStreamMeta(sid: "m", meta: {a: 1}) }');
    expect(await registry.data('mutation { flush }')).toEqual({ flush: 1 });
    expect(await registry.data('{ streams { id } devices(include_all: true) { id } }')).toEqual({
      streams: [],
      devices: [],
    });
    const keys = (await registry.redis.command('KEYS', '*')) as string[];
    expect(keys.filter((key) => !key.startsWith('sluice:') && key !== 'plain')).toEqual(['foreign']);
    expect(await registry.redis.command('GET', 'sluice:auth:user')).toBe('kept');
  });
});
