import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  basket,
  BuildError,
  channel,
  defineApplication,
  filterChannel,
  initialiseChannel,
  list,
  logChannels,
  mirrorChannels,
  nested,
  printChannels,
  recordFile,
  recordType,
  RecordValueError,
  replayFile,
  TestKit,
  Type,
  type GatewayModule,
  type Kept,
} from '../src/sdk/index.js';

const Inner = recordType('Inner', { n: Type.Integer({ default: 0 }) });
const Item = recordType(
  'Item',
  { x: Type.Integer({ default: 0 }), name: Type.Optional(Type.String()), inner: Type.Optional(nested(Inner)) },
  {
    validators: {
      after: [
        (record) => {
          if (record.x < 0) throw new RecordValueError('x is negative');
          return record;
        },
      ],
    },
  },
);
const Other = recordType('Other', { x: Type.Integer({ default: 0 }) });
const channels = {
  input: channel(Item, { sendable: true }),
  passed: channel(Item),
  lists: list(Item, { sendable: true }),
  passed_lists: list(Item),
  sides: basket(['a', 'b'], Item, { sendable: true }),
  passed_sides: basket(['a', 'b'], Item),
  other: channel(Other, { sendable: true }),
};

let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modules-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const kitOf = (...modules: GatewayModule[]): TestKit => new TestKit(defineApplication({ channels, modules }));

const xOf = (kit: TestKit, name: string): number[] => kit.values(name).map((value) => (value as { x: number }).x);

describe('filterChannel', () => {
  it('hands on the records that pass, of channels, lists and baskets', () => {
    const keep = ({ x }: { readonly x: number }): boolean => x > 1;
    const kit = kitOf(
      filterChannel({ from: 'input', to: 'passed', keep }),
      filterChannel({ from: 'lists', to: 'passed_lists', keep }),
      filterChannel({ from: 'sides', to: 'passed_sides', keep }),
    );
    for (const x of [1, 2, 3]) kit.send('input', { x });
    kit.send('lists', [{ x: 1 }, { x: 5 }]);
    kit.send('lists', [{ x: 0 }]);
    kit.send('sides', { a: { x: 1 }, b: { x: 7 } });
    expect(xOf(kit, 'passed')).toEqual([2, 3]);
    expect(kit.values('passed_lists')).toMatchObject([[{ x: 5 }]]);
    expect(kit.values('passed_sides')).toMatchObject([{ b: { x: 7 } }]);
    expect(kit.values('passed_sides')[0]).not.toHaveProperty('a');
  });

  it('is refused between channels of different types, and for a channel that there is not', () => {
    const keep = (): boolean => true;
    expect(() => kitOf(filterChannel({ from: 'input', to: 'other', keep }))).toThrow(BuildError);
    expect(() => kitOf(filterChannel({ from: 'input', to: 'nowhere', keep }))).toThrow('nowhere');
  });
});

describe('mirrorChannels', () => {
  it('is refused for a channel that there is not', () => {
    const mirror = mirrorChannels({ url: 'http://127.0.0.1:9', selection: ['nowhere'] });
    expect(() => kitOf(mirror)).toThrow(/Mirror.*nowhere/);
  });
});

describe('printChannels and logChannels', () => {
  it('show the ticks of the channels that were chosen, and no others', () => {
    const lines: string[] = [];
    const logged: object[] = [];
    const note = (facts: object): void => void logged.push(facts);
    const log = { trace: note, debug: note, info: note, warn: note, error: note };
    const kit = kitOf(
      printChannels({ selection: { exclude: ['other'] }, write: (line) => lines.push(line) }),
      logChannels({ selection: ['other'], log }),
    );
    kit.send('input', { x: 4 });
    kit.send('other', { x: 5 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^2030-01-01T00:00:00\.000Z input: \{.*"x":4.*\}\n$/);
    expect(logged).toMatchObject([{ channel: 'other', tick: { x: 5 } }]);
  });

  it('are refused for a channel that there is not', () => {
    expect(() => kitOf(printChannels({ selection: ['nowhere'] }))).toThrow(/PrintChannels.*nowhere/);
  });
});

describe('initialiseChannel', () => {
  it('ticks once, at its time; unrolled, one tick for each item', () => {
    const kit = kitOf(
      initialiseChannel({ channel: 'input', value: { x: 1 } }),
      initialiseChannel({ channel: 'other', value: [{ x: 2 }, { x: 3 }], offsetMs: 500, unroll: true }),
      initialiseChannel({ channel: 'sides', value: { b: { x: 9 } }, offsetMs: 500 }),
    );
    kit.advance(499);
    expect(xOf(kit, 'input')).toEqual([1]);
    expect(xOf(kit, 'other')).toEqual([]);
    kit.advance(5_000);
    expect(xOf(kit, 'other')).toEqual([2, 3]);
    expect(kit.values('sides')).toMatchObject([{ b: { x: 9 } }]);
  });

  it('is refused with a value that the channel does not take', () => {
    expect(() => kitOf(initialiseChannel({ channel: 'input', value: { x: -1 } }))).toThrow(
      /Initialise\[input\].*negative/,
    );
    expect(() => kitOf(initialiseChannel({ channel: 'sides', value: { z: {} } }))).toThrow('no key "z"');
    expect(() => kitOf(initialiseChannel({ channel: 'input', value: {}, unroll: true }))).toThrow('no list');
  });
});

describe('recordFile and replayFile', () => {
  it('give back what ticked, cycle by cycle, with the same ids and timestamps', async () => {
    const file = path('cycles.json');
    const recorded = kitOf(recordFile({ file, selection: ['input', 'lists', 'sides'] }));
    recorded.send('input', { x: 1, inner: { n: 2 } });
    recorded.send('lists', [{ x: 2 }, { x: 3 }]);
    recorded.send('sides', { a: { x: 4 } });
    await recorded.stop();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(Object.keys(JSON.parse(lines[0] ?? '') as object)).toEqual(['csp_engine_timestamp', 'input']);
    const replayed = kitOf(replayFile({ file }));
    await replayed.until(() => replayed.values('sides').length === 1);
    for (const name of ['input', 'lists', 'sides']) expect(replayed.values(name)).toEqual(recorded.values(name));
  });

  it('goes on behind what a file has, or begins anew when asked', async () => {
    const file = path('again.jsonl');
    for (const overwrite of [false, false, true, false]) {
      const kit = kitOf(recordFile({ file, overwrite }));
      kit.send('input', { x: 1 });
      await kit.stop();
    }
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('keeps channels apart that tick in different cycles, and gives new ids when asked', async () => {
    const file = path('mixed.jsonl');
    const lines = [
      { input: { x: 1, id: '7' } },
      { input: { x: 2 } },
      { input: { x: 3 }, other: { x: 3 } },
      { unknown: 1 },
    ];
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    const seen: unknown[] = [];
    const watcher: GatewayModule<typeof channels> = {
      name: 'Watcher',
      connect: (gateway) => gateway.on(['input', 'other'], ({ input, other }) => seen.push([input?.x, other?.x])),
    };
    const modules = [replayFile({ file, forceNew: true }), watcher as unknown as GatewayModule];
    const kit = kitOf(...modules);
    await kit.until(() => seen.length === 3);
    expect(seen).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 3],
    ]);
    expect((kit.values('input')[0] as { id: string }).id).not.toBe('7');
  });

  it('goes on where it was, also when more was written behind it; anew when asked, or with another file', async () => {
    const file = path('resumed.jsonl');
    const lines = (...xs: number[]): string => xs.map((x) => `{"input":{"x":${x}}}\n`).join('');
    const replayed = async (kept: Kept | undefined, count: number, restart = false): Promise<TestKit> => {
      const modules = [replayFile({ file, restart })];
      const kit = new TestKit(defineApplication({ channels, modules }), kept === undefined ? {} : { kept });
      await kit.until(() => kit.values('input').length === count);
      await kit.stop();
      return kit;
    };
    writeFileSync(file, lines(1, 2, 3));
    const first = await replayed(undefined, 3);
    const done = await replayed(first.kept, 0);
    appendFileSync(file, lines(4));
    const second = await replayed(done.kept, 1);
    expect([xOf(first, 'input'), xOf(second, 'input')]).toEqual([[1, 2, 3], [4]]);
    expect(xOf(await replayed(second.kept, 4, true), 'input')).toEqual([1, 2, 3, 4]);
    writeFileSync(file, lines(5, 6));
    expect(xOf(await replayed(second.kept, 2), 'input')).toEqual([5, 6]);
  });

  it('replays the rows of CSV and Parquet files, and lists and nested objects of the latter', async () => {
    const csv = path('rows.csv');
    writeFileSync(csv, 'timestamp,x,name,inner.n\n2024-02-03T10:00:00,5,five,1\n2024-02-03T10:00:01,6,,2\n');
    const fromCsv = kitOf(replayFile({ file: csv, channel: 'input' }));
    await fromCsv.until(() => fromCsv.values('input').length === 2);
    expect(fromCsv.values('input')).toMatchObject([
      { timestamp: '2024-02-03T10:00:00', x: 5, name: 'five', inner: { n: 1 } },
      { timestamp: '2024-02-03T10:00:01', x: 6, inner: { n: 2 } },
    ]);
    const parquet = path('rows.parquet');
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    await connection.run(
      `COPY (SELECT 1795219200000000000 + i AS id, i AS x, {n: i} AS inner FROM range(3000) t(i)) TO '${parquet}' (FORMAT parquet)`,
    );
    connection.closeSync();
    const fromParquet = kitOf(replayFile({ file: parquet, channel: 'input' }));
    await fromParquet.until(() => fromParquet.values('input').length === 3000);
    expect(fromParquet.values('input')[2999]).toMatchObject({ id: '1795219200000002999', x: 2999, inner: { n: 2999 } });
  });

  it('waits between ticks as long as the file says, when a speed is given', async () => {
    const file = path('paced.jsonl');
    const line = (seconds: number): string =>
      JSON.stringify({ csp_engine_timestamp: `2024-01-01T00:00:0${seconds}`, input: { x: seconds } });
    writeFileSync(file, [line(0), line(4)].join('\n'));
    const kit = kitOf(replayFile({ file, speed: 20 }));
    const startedMs = performance.now();
    await kit.until(() => kit.values('input').length === 2);
    expect(performance.now() - startedMs).toBeGreaterThan(190);
  });

  it.each([
    ['broken JSON', '{"input":', 'bad.jsonl:1'],
    ['a line that is no object', '[1]', 'no object'],
    ['a record that its type refuses', '{"input":{"x":-1}}', 'cycle 1, channel "input"'],
    ['a key that there is not', '{"sides":{"z":{}}}', 'no key "z"'],
  ])('ends with a failure that names it, after %s', async (_what, content, words) => {
    const file = path('bad.jsonl');
    writeFileSync(file, content);
    const kit = kitOf(replayFile({ file }));
    await kit.until(() => kit.faults.length === 1);
    expect(kit.faults[0]).toMatchObject({ module: `ReplayFile[${file}]` });
    expect(String(kit.faults[0]?.error)).toContain(words);
  });

  it('tells of a file that is not there, of a table without a channel, and of a kind it does not know', async () => {
    const kit = kitOf(replayFile({ file: path('missing.jsonl') }));
    await kit.until(() => kit.faults.length === 1);
    expect(String(kit.faults[0]?.error)).toContain('missing.jsonl');
    expect(() => kitOf(replayFile({ file: 'rows.csv' }))).toThrow('name it');
    expect(() => replayFile({ file: 'rows.xls' })).toThrow('json-lines');
  });
});
