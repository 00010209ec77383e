import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tableFromIPC, type Table } from 'apache-arrow';
import { TestGateway } from './support/gateway.js';
import { states } from './support/states.js';

let lab: TestGateway;

beforeAll(async () => {
  lab = await TestGateway.start({ application: states(), environment: { SLUICE_CHANNEL_GATEWAY_SQL_SECONDS: '2' } });
  await lab.post('/send/keyed', [
    {
      text: 'ä"1',
      n: 1,
      f: 1.5,
      flag: true,
      when: '2030-01-01T00:00:00.123456',
      day: '2030-01-02',
      inner: { z: 1 },
      tags: ['t', 'u'],
    },
    { text: 'b', n: 2 },
  ]);
});

afterAll(async () => {
  await lab?.close();
});

const TYPE = 'application/vnd.apache.arrow.stream';

const ask = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${lab.url}/api/v1/sql`, { method: 'POST', headers, body: JSON.stringify(body) });

async function table(sql: string, more: object = {}): Promise<Table> {
  const response = await ask({ sql, format: 'arrow', ...more });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, TYPE]);
  return tableFromIPC(new Uint8Array(await response.arrayBuffer()));
}

const types = ({ schema }: Table): Record<string, string> =>
  Object.fromEntries(schema.fields.map(({ name, type }) => [name, String(type)]));

/** Columns as plain values; numbers that are too large for one as texts. */
const columns = (read: Table): unknown =>
  JSON.parse(
    JSON.stringify(
      Object.fromEntries(read.schema.fields.map(({ name }, at) => [name, [...(read.getChildAt(at) ?? [])]])),
      (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
    ),
  );

describe('a result as Arrow', () => {
  it('has the columns of the records with their types', async () => {
    const read = await table('SELECT text, n, f, flag, "when", day, tags, "inner", id FROM history.keyed ORDER BY n');
    expect(types(read)).toMatchObject({
      text: 'Utf8',
      n: 'Int64',
      f: 'Float64',
      flag: 'Bool',
      when: 'Timestamp<MICROSECOND>',
      day: 'Date32<DAY>',
      tags: 'List<Utf8>',
    });
    expect(columns(read)).toMatchObject({
      text: ['ä"1', 'b'],
      n: ['1n', '2n'],
      f: [1.5, null],
      flag: [true, null],
      day: [Date.UTC(2030, 0, 2), null],
      tags: [['t', 'u'], []],
      inner: [{ z: '1n' }, null],
      id: [expect.stringMatching(/^\d{19}$/), expect.stringMatching(/^\d{19}$/)],
    });
    expect(read.getChild('when')?.data[0]?.values[0]).toBe(1893456000123456n);
  });

  it.each([
    ['1::TINYINT, -2::SMALLINT, 3::INTEGER, -4::BIGINT', 'Int8 Int16 Int32 Int64', [1, -2, 3, '-4n']],
    [
      '1::UTINYINT, 2::USMALLINT, 3::UINTEGER, 18446744073709551615::UBIGINT',
      'Uint8 Uint16 Uint32 Uint64',
      [1, 2, 3, '18446744073709551615n'],
    ],
    ['1.5::FLOAT, 2.5::DOUBLE, false, NULL', 'Float32 Float64 Bool Int32', [1.5, 2.5, false, null]],
    [
      "TIME '10:11:12', TIMESTAMPTZ '2030-01-01 00:00:00+00', [[1], NULL, []]",
      'Time64<MICROSECOND> Timestamp<MICROSECOND, UTC> List<List<Int32>>',
      ['36672000000n', Date.UTC(2030, 0, 1), [[1], null, []]],
    ],
    [
      "'a'::ENUM('a', 'b'), INTERVAL 2 DAY, uuid() IS NULL, MAP {'k': 1}",
      'Utf8 Utf8 Bool Utf8',
      ['a', '2 days', false, "{'k': 1}"],
    ],
    ["{'a': 1, 'b': {'c': 'x'}}", 'Struct<{a:Int32, b:Struct<{c:Utf8}>}>', [{ a: 1, b: { c: 'x' } }]],
  ])('SELECT %s', async (values, kinds, expected) => {
    const read = await table(`SELECT ${values}`);
    expect(Object.values(types(read)).join(' ')).toBe(kinds);
    expect(Object.values(columns(read) as Record<string, unknown[]>).map(([one]) => one)).toEqual(expected);
  });

  it('has sums and decimals in full', async () => {
    const read = await table(
      'SELECT sum(n) AS s, -12.34::DECIMAL(10,2) AS d, (-170141183460469231731687303715884105)::HUGEINT AS h FROM history.keyed',
    );
    expect(types(read)).toEqual({ s: 'Decimal[38e0]', d: 'Decimal[10e+2]', h: 'Decimal[38e0]' });
    const whole = (name: string): bigint => {
      const words = read.getChild(name)?.data[0]?.values as Uint32Array;
      return BigInt.asIntN(
        128,
        words.reduce((sum, word, at) => sum | (BigInt(word) << BigInt(at * 32)), 0n),
      );
    };
    expect(['s', 'd', 'h'].map(whole)).toEqual([3n, -1234n, -170141183460469231731687303715884105n]);
  });

  it('is there for nothing, too', async () => {
    const read = await table('SELECT n, tags FROM history.keyed WHERE false');
    expect([read.numRows, types(read)]).toEqual([0, { n: 'Int64', tags: 'List<Utf8>' }]);
  });

  it('has an end to its rows and says so', async () => {
    const response = await ask({ sql: 'SELECT * FROM range(100000)', format: 'arrow', limit: 2_500 });
    const read = tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    expect([read.numRows, read.getChildAt(0)?.get(2_499), response.headers.get('x-truncated')]).toEqual([
      2_500,
      2_499n,
      'true',
    ]);
    expect((await ask({ sql: 'SELECT 1', format: 'arrow' })).headers.get('x-truncated')).toBeNull();
  });

  it.each([
    ['SELECT nope FROM keyed', 'sql_error'],
    [`SELECT * FROM read_csv('/etc/passwd')`, 'sql_error'],
    ['SELECT count(*) FROM range(10000000000) a, range(1000) b', 'sql_timeout'],
    [`SELECT repeat('x', 60000000) FROM range(20)`, 'sql_memory'],
  ])('fails as any other: %s', async (sql, type) => {
    const response = await ask({ sql, format: 'arrow' });
    expect([response.status, await response.json()]).toMatchObject([400, { detail: [{ type }] }]);
    expect((await table('SELECT 1 AS x')).numRows).toBe(1);
  });
});

describe('the format', () => {
  it.each([
    [{}, {}, 'application/json'],
    [{ accept: '*/*' }, {}, 'application/json'],
    [{ accept: TYPE }, {}, TYPE],
    [{ accept: `text/html, ${TYPE};q=0.9, text/csv` }, {}, TYPE],
    [{ accept: 'text/csv' }, {}, 'text/csv; charset=utf-8'],
    [{ accept: 'text/csv' }, { format: 'arrow' }, TYPE],
    [{ accept: TYPE }, { format: 'json' }, 'application/json'],
  ])('with %j and %j is %s', async (headers, more, type) => {
    const response = await ask({ sql: 'SELECT 1 AS x', ...more }, headers as Record<string, string>);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
  });
});
