import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DuckDBConnection, type DuckDBInstance } from '@duckdb/node-api';
import { type LogEntry } from '@sluice/stream-log';
import { Pending, type StateRow, type StateWindow } from './pending.js';
import { type State } from './state-catalogue.js';
import { rowsOf } from './state-rows.js';
import { WaitingTicks } from './waiting-ticks.js';

/** Rows that are handed to the database in one turn of the event loop. */
const ROWS_A_TURN = 1_000;
/** Rows waiting for the database that are worth writing without anybody asking. */
const WORTH_WRITING = 20_000;
/** What was deleted leaves holes; so many of them are worth a new table. */
const MOST_HOLES = 50_000;
const POSITION = 'ms, seq, part, item';
const SURROGATE = /(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g;

/**
 * The records of one state in DuckDB. Single upserts are slow there, so the newest records wait in a map and are written in one go
 * before somebody asks.
 */
export class StateTable {
  private readonly ticks: WaitingTicks;
  private readonly pending: Pending;
  private readonly inbox: string;
  private flushing: Promise<void> = Promise.resolve();
  private isFlushDue = false;
  private holes = 0;
  private generation = 0;

  private constructor(
    readonly state: State,
    private readonly connection: DuckDBConnection,
    /** Name of the table with the columns `json` and `r`. */
    readonly name: string,
    private readonly window: StateWindow,
  ) {
    this.ticks = new WaitingTicks(window);
    this.pending = new Pending(window);
    this.inbox = `${name}_in`;
  }

  static async create(
    state: State,
    options: { readonly database: DuckDBInstance; readonly name: string; readonly window: StateWindow },
  ): Promise<StateTable> {
    const connection = await options.database.connect();
    const table = new StateTable(state, connection, options.name, options.window);
    const columns = 'k VARCHAR, ms BIGINT, seq UBIGINT, part INTEGER, item INTEGER, bytes BIGINT, json VARCHAR';
    await connection.run(`CREATE TABLE ${table.inbox} (${columns}, doc VARCHAR)`);
    await connection.run(`CREATE TABLE ${table.name} AS ${table.parsedInbox}`);
    return table;
  }

  put(row: StateRow): void {
    this.pending.put(row);
    this.flushWhenWorthIt();
  }

  /** Takes a tick in without reading it; the oldest beyond the window are forgotten unread. For a state that is a window on the log. */
  putTick(entry: LogEntry): void {
    this.ticks.put(entry);
    this.flushWhenWorthIt();
  }

  private flushWhenWorthIt(): void {
    if (this.pending.size + this.ticks.size < WORTH_WRITING || this.isFlushDue) return;
    this.isFlushDue = true;
    // A failure is told to whoever asks next: the rows are still waiting.
    this.flush().catch(() => undefined);
  }

  /** Forgets everything: the channel was made anew. */
  clear(): void {
    this.ticks.clear();
    this.pending.clear();
    this.generation += 1;
    const generation = this.generation;
    this.flushing = this.flushing
      .catch(() => undefined)
      .then(async () => {
        if (generation === this.generation) await this.connection.run(`DELETE FROM ${this.name}`);
      });
    this.flushing.catch(() => undefined);
  }

  /** Resolves when every row that was put before is in the table. */
  flush(): Promise<void> {
    this.flushing = this.flushing
      .catch(() => undefined)
      .then(async () => {
        await this.readTicks();
        this.isFlushDue = false;
        if (this.pending.size > 0) await this.write();
      });
    return this.flushing;
  }

  /** Forgets everything, for good. */
  async drop(): Promise<void> {
    await this.flush().catch(() => undefined);
    await this.connection.run(`DROP TABLE ${this.name}`);
    await this.connection.run(`DROP TABLE ${this.inbox}`);
    this.close();
  }

  close(): void {
    this.connection.closeSync();
  }

  private async readTicks(): Promise<void> {
    // What comes in meanwhile is for the next one.
    for (let left = this.ticks.size; left > 0;) {
      const taken = this.ticks.take();
      left = taken.length === 0 ? 0 : left - taken.length;
      for (const tick of taken) for (const row of rowsOf(this.state, tick)) this.pending.put(row);
      await nextTurn();
    }
  }

  private async write(): Promise<void> {
    const { generation } = this;
    const rows = this.pending.take();
    try {
      await this.connection.run(`DELETE FROM ${this.inbox}`);
      await this.append(rows);
      await this.connection.run('BEGIN');
      await this.merge();
      await this.connection.run('COMMIT');
    } catch (error) {
      await this.connection.run('ROLLBACK').catch(() => undefined);
      if (generation === this.generation) for (const row of rows) this.pending.put(row);
      throw error;
    }
  }

  private async append(rows: readonly StateRow[]): Promise<void> {
    for (let from = 0; from < rows.length; from += ROWS_A_TURN) {
      const appender = await this.connection.createAppender(this.inbox);
      for (const { key, position, item, json } of rows.slice(from, from + ROWS_A_TURN)) {
        const [ms = '0', seq = '0', part = '0'] = position.split(/[-/]/);
        appender.appendVarchar(key);
        appender.appendBigInt(BigInt(ms));
        appender.appendUBigInt(BigInt(seq));
        appender.appendInteger(Number(part));
        appender.appendInteger(item);
        appender.appendBigInt(BigInt(json.length));
        appender.appendVarchar(json);
        // Half of a surrogate pair is JSON, but no text for the database.
        const doc = json.includes('\\u') ? json.replace(SURROGATE, '$1\\ufffd') : json;
        if (doc === json) appender.appendNull();
        else appender.appendVarchar(doc);
        appender.endRow();
      }
      appender.flushSync();
      appender.closeSync();
      await nextTurn();
    }
  }

  private async merge(): Promise<void> {
    const { name, inbox, connection } = this;
    await connection.run(
      `DELETE FROM ${inbox} USING ${name} known WHERE ${inbox}.k = known.k AND
       (known.ms, known.seq, known.part, known.item) >= (${inbox}.ms, ${inbox}.seq, ${inbox}.part, ${inbox}.item)`,
    );
    const replaced = await connection.run(`DELETE FROM ${name} WHERE k IN (SELECT k FROM ${inbox})`);
    this.holes += replaced.rowsChanged;
    await connection.run(`INSERT INTO ${name} ${this.parsedInbox}`);
    await connection.run(`DELETE FROM ${inbox}`);
    await this.forgetOldest();
    if (this.holes > MOST_HOLES) await this.rebuild();
  }

  private async forgetOldest(): Promise<void> {
    const { records, bytes } = this.window;
    const reader = await this.connection.runAndReadAll(
      `SELECT count(*), coalesce(sum(bytes), 0)::BIGINT FROM ${this.name}`,
    );
    const [count = 0, sum = 0] = (reader.getRows()[0] ?? []).map(Number);
    if (count <= records && sum <= bytes) return;
    const deleted = await this.connection.run(
      `DELETE FROM ${this.name} WHERE (${POSITION}) IN (
         SELECT (${POSITION}) FROM (
           SELECT ${POSITION}, row_number() OVER newest AS n, sum(bytes) OVER newest AS used FROM ${this.name}
           WINDOW newest AS (ORDER BY ms DESC, seq DESC, part DESC, item DESC ROWS UNBOUNDED PRECEDING)
         ) WHERE n > ${records} OR (used > ${bytes} AND n > 1))`,
    );
    this.holes += deleted.rowsChanged;
  }

  private async rebuild(): Promise<void> {
    const { name, connection } = this;
    await connection.run(`CREATE TABLE ${name}_new AS SELECT * FROM ${name}`);
    await connection.run(`DROP TABLE ${name}`);
    await connection.run(`ALTER TABLE ${name}_new RENAME TO ${name}`);
    this.holes = 0;
  }

  /** What does not fit its type is null in `r`; in `json` it stands as it is. */
  private get parsedInbox(): string {
    const structure = this.state.layout.structure.replaceAll("'", "''");
    return `SELECT k, ${POSITION}, bytes, json, TRY(from_json(coalesce(doc, json), '${structure}')) AS r FROM ${this.inbox}`;
  }
}
