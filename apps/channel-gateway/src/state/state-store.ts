import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DuckDBInstance } from '@duckdb/node-api';
import { SluiceError } from '@sluice/contracts';
import { type LogEntry } from '@sluice/stream-log';
import { type EntryListener } from '../channels/channel-view.js';
import { type Channel } from '../engine/catalogue.js';
import { attributeOf, toClause } from '../query/conditions.js';
import { type StateQuery } from '../query/query.js';
import { shapeFault } from '../query/read-filters.js';
import { openDatabase } from './duck.js';
import { type StateRow, type StateWindow } from './pending.js';
import { type State, type StateCatalogue } from './state-catalogue.js';
import { rowsOf, valueAt } from './state-rows.js';
import { StateTable } from './state-table.js';
import { Turnstile } from './turnstile.js';

export interface StateStoreOptions {
  readonly states: StateCatalogue;
  readonly window: StateWindow;
  /** Of states that are keyed by `id`, which are windows on the log. */
  readonly idWindow: StateWindow;
  /** How long a state that is keyed by `id` keeps a record. */
  readonly idAgeMs: number;
  readonly memoryMiB: number;
  /** Sees the rows of states that are kept beside the log. */
  onRow?(state: State, row: StateRow): void;
  onReset?(state: State): void;
}

/** Queries that run at once; the others wait. */
const QUERIES_AT_ONCE = 2;
const MOST_WAITING = 1_000;
const LONGEST_MS = 10_000;

/** Every state of the application, as the log tells it. */
export class StateStore implements EntryListener {
  private readonly tables = new Map<string, StateTable>();
  private readonly byChannel = new Map<string, StateTable[]>();
  private created = 0;
  private readonly turns = new Turnstile(QUERIES_AT_ONCE, MOST_WAITING);

  private constructor(
    private readonly options: StateStoreOptions,
    private readonly database: DuckDBInstance,
  ) {}

  static async open(options: StateStoreOptions): Promise<StateStore> {
    const store = new StateStore(options, await openDatabase({ memoryMiB: options.memoryMiB }));
    for (const state of options.states.all.values()) await store.add(state);
    return store;
  }

  onEntry(channel: Channel, entry: LogEntry): void {
    for (const table of this.byChannel.get(channel.name) ?? []) {
      if (isKeyedById(table.state)) table.putTick(entry);
      else {
        for (const row of rowsOf(table.state, entry)) {
          table.put(row);
          this.options.onRow?.(table.state, row);
        }
      }
    }
  }

  onReset(channel: Channel): void {
    for (const table of this.byChannel.get(channel.name) ?? []) {
      table.clear();
      this.options.onReset?.(table.state);
    }
  }

  /** Takes in what was kept of a state; what the log says counts more where it is newer. */
  restore(state: State, rows: readonly StateRow[]): void {
    const table = this.tableOf(state);
    for (const row of rows) table.put(row);
  }

  /** The records of a state as JSON texts, everything taken in that this replica has read. @throws ApiError, SluiceError */
  async read(state: State, query: StateQuery): Promise<string[]> {
    const table = this.tableOf(state);
    const { sql, values } = this.statement(table, query);
    const found = await this.turns
      .pass(async () => {
        await table.flush();
        return this.select(sql, values);
      })
      .catch((error: unknown) => {
        // Removed while it was being read, the state is as one that there never was.
        throw this.tableOf(state) === table ? error : notThere(state);
      });
    return query.fields === null ? found : found.map((json) => project(json, query.fields ?? []));
  }

  /** As {@link read}, all of it, in the order of the state. */
  all(state: State): Promise<string[]> {
    return this.read(state, { filters: [], sort: [], fields: null, limit: null, offset: 0, isLenient: false });
  }

  async close(): Promise<void> {
    for (const table of this.tables.values()) {
      await table.flush().catch(() => undefined);
      table.close();
    }
    this.database.closeSync();
  }

  private async select(sql: string, values: readonly (string | number)[]): Promise<string[]> {
    const connection = await this.database.connect();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      connection.interrupt();
    }, LONGEST_MS);
    try {
      const result = await connection.run(sql, [...values]);
      const found: string[] = [];
      // Piece by piece: a large answer would hold up everybody else.
      for (let rows = await result.fetchChunk(); rows !== null && rows.rowCount > 0; rows = await result.fetchChunk()) {
        for (const json of rows.getColumnValues(0)) found.push(String(json));
        await nextTurn();
      }
      return found;
    } catch (error) {
      if (!isLate) throw error;
      throw shapeFault('query_timeout', ['filters'], `The query took longer than ${LONGEST_MS} ms and was ended`, null);
    } finally {
      clearTimeout(timer);
      connection.closeSync();
    }
  }

  /** Begins to keep a state. */
  async add(state: State): Promise<void> {
    const { window, idWindow } = this.options;
    const { database } = this;
    const name = `state_${this.created}`;
    this.created += 1;
    const table = await StateTable.create(state, { database, name, window: isKeyedById(state) ? idWindow : window });
    this.tables.set(state.name, table);
    const { name: channel } = state.channel;
    this.byChannel.set(channel, [...(this.byChannel.get(channel) ?? []), table]);
  }

  /** Forgets a state and what is in it. */
  async remove(state: State): Promise<void> {
    const table = this.tables.get(state.name);
    if (table === undefined) return;
    const { name: channel } = state.channel;
    this.tables.delete(state.name);
    this.byChannel.set(
      channel,
      (this.byChannel.get(channel) ?? []).filter((one) => one !== table),
    );
    await table.drop();
  }

  /** @throws SluiceError NOT_FOUND for a state that was removed meanwhile */
  private tableOf(state: State): StateTable {
    const table = this.tables.get(state.name);
    if (table === undefined) throw notThere(state);
    return table;
  }

  private statement(
    { state, name }: StateTable,
    query: StateQuery,
  ): { sql: string; values: readonly (string | number)[] } {
    const { layout } = state;
    const frame = { layout, isLenient: query.isLenient };
    const { sql, values } = toClause(query, layout);
    const sorted = query.sort.map(({ attr, isDescending }) => {
      const { column } = attributeOf(frame, attr, ['sort']);
      return `${column} ${isDescending ? 'DESC NULLS LAST' : 'ASC NULLS FIRST'}`;
    });
    for (const field of query.fields ?? []) attributeOf(frame, field, ['fields']);
    const keys = state.keyBy.flatMap((path) => {
      const attribute = layout.attributes.get(path);
      return attribute === undefined ? [] : [`${attribute.column} ASC NULLS FIRST`];
    });
    const since = isKeyedById(state) ? `ms >= ${Math.max(0, Date.now() - this.options.idAgeMs)} AND ` : '';
    const limit = query.limit === null ? '' : ` LIMIT ${query.limit}`;
    const order = [...sorted, ...keys, 'ms', 'seq', 'part', 'item'].join(', ');
    return {
      sql: `SELECT json FROM ${name} WHERE ${since}${sql} ORDER BY ${order}${limit} OFFSET ${query.offset}`,
      values,
    };
  }
}

function notThere({ name }: State): SluiceError {
  return new SluiceError('NOT_FOUND', `there is no state "${name}" any more`);
}

/** Such a state is every record there was: a window on the log. */
export function isKeyedById({ keyBy }: State): boolean {
  return keyBy.includes('id');
}

/** Only some attributes of a record; dots lead into nested objects, and stay in the names. */
function project(json: string, fields: readonly string[]): string {
  const record = JSON.parse(json) as unknown;
  const shown = fields.flatMap((path) => {
    const value = valueAt(record, path);
    return value === undefined ? [] : [[path, value] as const];
  });
  return JSON.stringify(Object.fromEntries(shown));
}
