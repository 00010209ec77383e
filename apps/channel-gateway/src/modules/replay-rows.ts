import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { CYCLE_TIME } from './record-file.js';

/** Kinds of files that can be replayed. */
export type ReplayFormat = 'json-lines' | 'csv' | 'parquet';

/** What ticks together: the time it is said to have ticked at, if any, and values by channel. */
export interface ReplayCycle {
  readonly time: unknown;
  readonly ticks: Readonly<Record<string, unknown>>;
}

export interface RowOptions {
  readonly file: string;
  readonly format: ReplayFormat;
  /** Of tables: channel that each row is a record of. */
  readonly channel: string | null;
  /** Of tables: the column with the time of the tick. */
  readonly timeColumn: string;
}

const FORMATS: Readonly<Record<string, ReplayFormat | undefined>> = {
  '.json': 'json-lines',
  '.jsonl': 'json-lines',
  '.ndjson': 'json-lines',
  '.csv': 'csv',
  '.parquet': 'parquet',
};
const READERS = { csv: 'read_csv(?)', parquet: 'read_parquet(?)' } as const;
const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** The format that a file's name tells. @throws Error */
export function formatOf(file: string): ReplayFormat {
  const format = FORMATS[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  throw new Error(`${file}: the name does not say what it is; name a format of json-lines, csv or parquet`);
}

/** The cycles of a file in its order, read as they are asked for. @throws Error naming the file and the line */
export async function* readCycles(options: RowOptions): AsyncGenerator<ReplayCycle, void, undefined> {
  await access(options.file);
  if (options.format === 'json-lines') yield* readLines(options.file);
  else yield* readTable(options, options.format);
}

async function* readLines(file: string): AsyncGenerator<ReplayCycle, void, undefined> {
  const input = createReadStream(file);
  try {
    let number = 0;
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number += 1;
      if (line.trim() !== '') yield parseLine(line, `${file}:${number}`);
    }
  } finally {
    input.destroy();
  }
}

function parseLine(line: string, where: string): ReplayCycle {
  if (line.length > MAX_LINE_CHARS) throw new Error(`${where}: the line is longer than ${MAX_LINE_CHARS} characters`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error(`${where}: the line is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${where}: the line is no object of channels`);
  }
  const { [CYCLE_TIME]: time, ...ticks } = value as Record<string, unknown>;
  return { time, ticks };
}

/** Tables are read by DuckDB, in batches. Dots in the names of columns lead into nested objects. */
async function* readTable(
  { file, channel, timeColumn }: RowOptions,
  format: 'csv' | 'parquet',
): AsyncGenerator<ReplayCycle, void, undefined> {
  if (channel === null) throw new Error(`${file}: a table is replayed to one channel: name it`);
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '256MB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const result = await connection.stream(`SELECT * FROM ${READERS[format]}`, [file]);
    for await (const rows of result.yieldRowObjectJson()) {
      for (const row of rows) {
        yield { time: row[timeColumn] ?? undefined, ticks: { [channel]: nest(row) } };
      }
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** What a row does not have is unset, and not null. */
function nest(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    if (value === null) continue;
    const path = column.split('.');
    const last = path.pop() ?? column;
    let inner = record;
    for (const part of path) {
      if (!Object.hasOwn(inner, part)) inner[part] = {};
      inner = inner[part] as Record<string, unknown>;
    }
    Object.defineProperty(inner, last, { value, enumerable: true, configurable: true, writable: true });
  }
  return record;
}
