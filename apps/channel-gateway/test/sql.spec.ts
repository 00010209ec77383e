import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { TestGateway, type Answer } from './support/gateway.js';
import { states } from './support/states.js';

let lab: TestGateway;

beforeAll(async () => {
  lab = await TestGateway.start({
    application: states(),
    environment: { SLUICE_CHANNEL_GATEWAY_SQL_SECONDS: '2' },
  });
  await lab.post('/send/keyed', [
    { text: 'a', n: 1, inner: { z: 1 }, tags: ['t'] },
    { text: 'b', n: 2, timestamp: '2030-01-01T00:00:00' },
    { text: 'a', n: 3 },
  ]);
  await lab.post('/send/sides', { LEFT: { n: 10 }, RIGHT: { n: 20 } });
});

afterAll(async () => {
  await lab?.close();
});

const sql = (text: string, more: object = {}): Promise<Answer> => lab.post('/sql', { sql: text, ...more });
const rows = async (text: string, more: object = {}): Promise<unknown> => {
  const { status, body } = await sql(text, more);
  return status === 200 ? (body as { rows: unknown }).rows : body;
};
const ENDLESS = 'SELECT count(*) FROM range(10000000000) a, range(1000) b';
const typeOf = ({ body }: Answer): unknown => (body as { detail: { type: string }[] }).detail[0]?.type;

describe('SQL', () => {
  it.each([
    [
      'SELECT text, n FROM state.keyed ORDER BY n',
      [
        { text: 'b', n: '2' },
        { text: 'a', n: '3' },
      ],
    ],
    ['SELECT n FROM keyed WHERE text = ? AND n > ?', [{ n: '3' }]],
    ['SELECT n FROM history.keyed ORDER BY n', [{ n: '1' }, { n: '2' }, { n: '3' }]],
    [
      'SELECT _key, n FROM history.sides ORDER BY n',
      [
        { _key: 'LEFT', n: '10' },
        { _key: 'RIGHT', n: '20' },
      ],
    ],
    ['SELECT k.n, r.n AS m FROM keyed k, history.sides r WHERE k.n = 3 AND r.n = 20', [{ n: '3', m: '20' }]],
    ['SELECT inner_z FROM (SELECT "inner".z AS inner_z, n FROM history.keyed) WHERE n = 1', [{ inner_z: '1' }]],
    ['WITH t AS (SELECT sum(n)::INTEGER AS s FROM history.keyed) SELECT s FROM t', [{ s: 6 }]],
    ['SELECT count(*)::INTEGER AS c FROM history.keyed WHERE _time > now()::TIMESTAMP - INTERVAL 1 DAY', [{ c: 3 }]],
    ['SELECT tags FROM history.keyed WHERE n = 1;', [{ tags: ['t'] }]],
    ['SELECT 1 AS x WHERE false', []],
  ])('%s', async (text, expected) => {
    expect(await rows(text, text.includes('?') ? { params: ['a', 1] } : {})).toEqual(expected);
  });

  it('answers as CSV', async () => {
    const { status, body, headers } = await sql(`SELECT text, n, 'a"b,c' AS q, NULL AS e FROM keyed ORDER BY n`, {
      format: 'csv',
    });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(body).toBe('text,n,q,e\r\nb,2,"a""b,c",\r\na,3,"a""b,c",\r\n');
  });

  it('has an end to its rows and says so', async () => {
    const { body } = await sql('SELECT * FROM range(100000)', { limit: 5 });
    expect(body).toMatchObject({ columns: [{ name: 'range', type: 'BIGINT' }], truncated: true });
    expect((body as { rows: unknown[] }).rows.length).toBe(5);
    expect((await sql('SELECT * FROM range(5)', { limit: 5 })).body).toMatchObject({ truncated: false });
    expect(((await sql('SELECT * FROM range(100000)')).body as { rows: unknown[] }).rows.length).toBe(10_000);
  });

  it('takes the history of a time', async () => {
    expect(await rows('SELECT n FROM history.keyed', { start: '2100-01-01' })).toEqual([]);
    expect(await rows('SELECT count(*)::INTEGER AS c FROM history.keyed', { start: 0, end: '2100-01-01' })).toEqual([
      { c: 3 },
    ]);
  });
});

describe('SQL that tries to leave its box', () => {
  it.each([
    `SELECT * FROM read_csv('/etc/passwd')`,
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM read_blob('/proc/self/environ')`,
    `SELECT * FROM '/etc/passwd'`,
    `SELECT * FROM glob('/*')`,
    `SELECT * FROM read_json('https://example.com/x.json')`,
    `SELECT * FROM parquet_scan('s3://bucket/x')`,
    `SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/out''')`,
    `SELECT * FROM sniff_csv('/etc/passwd')`,
    `COPY (SELECT 1) TO '/tmp/out.csv'`,
    `COPY keyed FROM '/etc/passwd'`,
    `EXPORT DATABASE '/tmp/out'`,
    `IMPORT DATABASE '/tmp/out'`,
    `ATTACH '/tmp/other.db'`,
    `ATTACH ':memory:' AS other`,
    `INSTALL httpfs`,
    `LOAD httpfs`,
    `SET threads = 8`,
    `SET GLOBAL memory_limit = '100GB'`,
    `SET enable_external_access = true`,
    `RESET lock_configuration`,
    `PRAGMA enable_profiling`,
    `PRAGMA threads = 8`,
    `CALL pragma_version()`,
    `CREATE TABLE x (a INTEGER)`,
    `CREATE MACRO f() AS 1`,
    `CREATE SECRET (TYPE s3)`,
    `SELECT * FROM duckdb_secrets()`,
    `DROP TABLE state.keyed`,
    `DELETE FROM keyed`,
    `INSERT INTO keyed SELECT * FROM keyed`,
    `UPDATE keyed SET n = 1`,
    `EXPLAIN ANALYZE SELECT 1`,
    `PREPARE p AS SELECT 1`,
    `BEGIN`,
    `CHECKPOINT`,
    `VACUUM`,
    `USE state`,
    `SELECT 1; SELECT 2`,
    `SELECT 1; DROP TABLE state.keyed`,
    `SELECT getenv('PATH')`,
    `SELECT * FROM main.inbox`,
    `SELECT nope FROM keyed`,
    `SELECT * FROM no_such_table`,
    `SELEC 1`,
    ``,
    `;`,
    `-- nothing`,
    `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
  ])('%s', async (text) => {
    const answer = await sql(text);
    expect([answer.status, typeOf(answer)]).toEqual([400, 'sql_error']);
    expect(JSON.stringify(answer.body)).not.toMatch(/\/root|\/home|\.duckdb|root:/);
    expect(await rows('SELECT n FROM keyed ORDER BY n')).toEqual([{ n: '2' }, { n: '3' }]);
  });

  it('is ended when it takes too long, and others go on', async () => {
    const slow = sql(ENDLESS);
    const other = await lab.post('/sql', { sql: 'SELECT 1 AS x' }, { 'x-forwarded-for': '192.0.2.7' });
    expect(other.body).toMatchObject({ rows: [{ x: 1 }] });
    const answer = await slow;
    expect([answer.status, typeOf(answer)]).toEqual([400, 'sql_timeout']);
    expect(await rows('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  });

  it('of one caller leaves others their turn, and has an end to what waits', async () => {
    const leaving = new AbortController();
    const init = { method: 'POST', headers: { 'x-forwarded-for': '192.0.2.8' }, signal: leaving.signal };
    const refused: Answer[] = [];
    let ended = 0;
    const ask = async (): Promise<void> => {
      const answer = await lab.get('/sql', { ...init, body: JSON.stringify({ sql: ENDLESS }) });
      if (answer.status === 429) refused.push(answer);
      else ended += 1;
    };
    const flood = Promise.allSettled(Array.from({ length: 30 }, ask));
    await waitFor(() => refused.length + ended >= 19);
    expect(JSON.stringify(refused[0]?.body)).toContain('10 queries of this caller wait already');
    expect(await rows('SELECT 1 AS x')).toEqual([{ x: 1 }]);
    expect(refused.length + ended).toBeLessThan(30);
    leaving.abort();
    await flood;
    // What nobody waits for any more takes no turn.
    const again = { 'x-forwarded-for': '192.0.2.8' };
    const after = await lab.post('/sql', { sql: 'SELECT 2 AS x' }, again);
    expect(after.body).toMatchObject({ rows: [{ x: 2 }] });
  });

  it.each([
    `SELECT length(repeat('x', 4000000000))`,
    `WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t WHERE length(s) < 4000000000) SELECT max(length(s)) FROM t`,
    `SELECT list(a) FROM range(1000000000) t(a)`,
  ])('is ended when it takes too much memory: %s', async (text) => {
    const before = process.memoryUsage().rss;
    const answer = await sql(text);
    expect(answer.status).toBe(400);
    expect(['sql_memory', 'sql_error', 'sql_timeout']).toContain(typeOf(answer));
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    expect(await rows('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  });

  it('sees nothing that the machine set in its environment', async () => {
    expect((await sql("SELECT current_setting('home_directory') AS h")).status).toBe(200);
    expect(await rows("SELECT current_setting('home_directory') AS h")).toEqual([{ h: '' }]);
  });
});

describe('a SQL request', () => {
  it.each([
    ['', 'missing'],
    ['{', 'json_invalid'],
    ['[]', 'model_type'],
    ['{}', 'missing'],
    ['{"sql":5}', 'string_type'],
    ['{"sql":"SELECT 1","more":1}', 'extra_forbidden'],
    ['{"sql":"SELECT 1","format":"parquet"}', 'literal_error'],
    ['{"sql":"SELECT 1","limit":10001}', 'int_type'],
    ['{"sql":"SELECT 1","params":[{}]}', 'list_type'],
    ['{"sql":"SELECT 1","start":"soon"}', 'datetime_from_date_parsing'],
    [JSON.stringify({ sql: ' '.repeat(70_000) }), 'string_type'],
  ])('%s is refused', async (body, type) => {
    const answer = await lab.post('/sql', body);
    expect([answer.status, typeOf(answer)]).toEqual([422, type]);
  });

  it.each(['', '  ', ';', '-- nothing'])('"%s" has no statement, and is told so', async (text) => {
    const answer = await sql(text);
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([
      400,
      expect.stringContaining('one statement, not 0'),
    ]);
  });

  it('with a parameter too few is refused', async () => {
    expect((await sql('SELECT ? AS x')).status).toBe(400);
    expect(await rows('SELECT ? AS x', { params: ['y'] })).toEqual([{ x: 'y' }]);
  });
});
