/*
 * The program in which one SQL query of a client runs at a time: a database of its own that holds nothing but the tables the query
 * may see. Whoever started it ends it when it takes too long or too much memory. It imports nothing of the gateway, so that it starts
 * fast and can be run as it stands.
 */
import {
  DuckDBInstance,
  StatementType,
  type DuckDBConnection,
  type DuckDBResultReader,
  type DuckDBValue,
} from '@duckdb/node-api';

/** A part of a table: rows of JSON texts, each with its position, its time and its key. */
export interface BoxRows {
  readonly kind: 'rows';
  readonly schema: 'state' | 'history';
  readonly name: string;
  /** What `from_json` takes. */
  readonly structure: string;
  readonly rows: readonly BoxRow[];
  readonly isLast: boolean;
}

export type BoxRow = readonly [json: string, position: string, ms: number, key: string | null];

export interface BoxQuery {
  readonly kind: 'query';
  readonly sql: string;
  readonly values: readonly (string | number | boolean | null)[];
  readonly maxRows: number;
  /** The answer is an Arrow IPC stream, and has no rows beside it. */
  readonly isArrow: boolean;
  readonly maxMs: number;
}

/** The tables are filled, and the query begins. */
export interface BoxReady {
  readonly kind: 'ready';
}

export interface BoxAnswer {
  readonly kind: 'answer';
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly isCut: boolean;
  readonly arrow: Uint8Array | null;
}

export interface BoxFailure {
  readonly kind: 'failure';
  readonly message: string;
}

const MEMORY_LIMIT = '256MiB';
const SURROGATE = /(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g;
const OUTSIDE = /^(Permission|IO|Invalid Configuration) Error|has been locked|\.duckdb/;

let database: DuckDBInstance | null = null;
let connection: DuckDBConnection | null = null;
let isInboxMade = false;
let work: Promise<unknown> = Promise.resolve();

async function open(): Promise<DuckDBConnection> {
  database = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: MEMORY_LIMIT,
    temp_directory: '',
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  const opened = await database.connect();
  await opened.run('CREATE SCHEMA state');
  await opened.run('CREATE SCHEMA history');
  connection = opened;
  return opened;
}

async function load({ schema, name, structure, rows, isLast }: BoxRows): Promise<void> {
  const target = connection ?? (await open());
  if (!isInboxMade)
    await target.run('CREATE TABLE main.inbox (json VARCHAR, position VARCHAR, ms BIGINT, key VARCHAR)');
  isInboxMade = true;
  const appender = await target.createAppender('inbox', 'main');
  for (const [json, position, ms, key] of rows) {
    appender.appendVarchar(json.includes('\\u') ? json.replace(SURROGATE, '$1\\ufffd') : json);
    appender.appendVarchar(position);
    appender.appendBigInt(BigInt(ms));
    if (key === null) appender.appendNull();
    else appender.appendVarchar(key);
    appender.endRow();
  }
  appender.flushSync();
  appender.closeSync();
  if (!isLast) return;
  const extra = schema === 'state' ? '' : ', position AS _position, make_timestamp(ms * 1000) AS _time, key AS _key';
  const parsed = `TRY(from_json(json, '${structure.replaceAll("'", "''")}'))`;
  await target.run(
    `CREATE TABLE ${schema}."${name}" AS SELECT unnest(r)${extra} FROM (SELECT ${parsed} AS r, position, ms, key FROM main.inbox)`,
  );
  await target.run('DROP TABLE main.inbox');
  isInboxMade = false;
}

async function answer({ sql, values, maxRows, isArrow, maxMs }: BoxQuery): Promise<BoxAnswer> {
  const target = connection ?? (await open());
  await target.run(`SET search_path = 'state,history'`);
  await target.run('SET lock_configuration = true');
  const timer = setTimeout(() => target.interrupt(), maxMs);
  try {
    const statements = await target.extractStatements(sql).catch((error: unknown) => {
      // Which says no more than that where there is nothing but spaces and comments.
      throw String(error).includes('native callback') ? new Error('There must be one statement, not 0') : error;
    });
    if (statements.count !== 1) throw new Error(`There must be one statement, not ${statements.count}`);
    const statement = await statements.prepare(0);
    if (statement.statementType !== StatementType.SELECT) {
      throw new Error(`Only SELECT is allowed, not ${StatementType[statement.statementType]}`);
    }
    if (values.length > 0) statement.bind([...values] as DuckDBValue[]);
    const reader = await statement.streamAndReadUntil(maxRows + 1);
    const names = reader.deduplicatedColumnNames();
    const columns = names.map((name, at) => ({ name, type: reader.columnType(at).toString() }));
    const isCut = reader.currentRowCount > maxRows;
    if (isArrow) return { kind: 'answer', columns, rows: [], isCut, arrow: await arrowOf(reader, maxRows) };
    return { kind: 'answer', columns, rows: reader.getRowsJson().slice(0, maxRows), isCut, arrow: null };
  } finally {
    clearTimeout(timer);
  }
}

/** The library is loaded when somebody asks for the format. */
async function arrowOf(reader: DuckDBResultReader, maxRows: number): Promise<Uint8Array> {
  const file = new URL(`box-arrow.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  const { toArrow } = (await import(file.href)) as typeof import('./box-arrow.js');
  const columns = reader.getColumns();
  const named = reader.deduplicatedColumnNames().map((name, at) => {
    return { name, type: reader.columnType(at), values: (columns[at] ?? []).slice(0, maxRows) };
  });
  return toArrow(named, Math.min(maxRows, reader.currentRowCount));
}

function close(): void {
  connection?.closeSync();
  database?.closeSync();
  connection = null;
  database = null;
  isInboxMade = false;
}

/** In words that say nothing about the machine. */
function failureOf(error: unknown): BoxFailure {
  const message = error instanceof Error ? error.message : String(error);
  const isOutside = OUTSIDE.test(message);
  return {
    kind: 'failure',
    message: isOutside
      ? 'The query reaches for something outside of its tables: files, network, extensions and settings are locked'
      : message.slice(0, 1_000),
  };
}

async function handle(message: BoxRows | BoxQuery): Promise<void> {
  if (message.kind === 'rows') return load(message);
  process.send?.({ kind: 'ready' } satisfies BoxReady);
  const reply = await answer(message).catch(failureOf);
  close();
  process.send?.(reply);
}

process.on('message', (message: BoxRows | BoxQuery) => {
  work = work
    .then(() => handle(message))
    .catch((error: unknown) => {
      close();
      process.send?.(failureOf(error));
    });
});
process.on('disconnect', () => process.exit(0));
