import { type Identity } from '@sluice/service-kit';
import { type Channel } from '../engine/catalogue.js';
import { type Gateway } from '../gateway.js';
import { type HistoryReader } from '../history/history-reader.js';
import { isAllowed } from '../sending/permitted.js';
import { layoutOf } from '../state/attributes.js';
import { type State } from '../state/state-catalogue.js';
import { type BoxTable, SqlFailure } from './box-exchange.js';

export interface SqlTablesOptions {
  readonly gateway: Gateway;
  readonly history: HistoryReader;
  readonly identity: Identity;
  readonly sql: string;
  /** Of the history: ms since 1970. */
  readonly startMs: number | null;
  readonly endMs: number | null;
}

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_RECORDS = 1_000_000;

/**
 * The tables whose names occur in the text of a query, of those the caller may read: states under `state`, what the log holds of
 * channels under `history`. What is not loaded is not there: the text decides about the effort, never about the rights.
 * @throws SqlFailure when they are too large, SluiceError LOG_UNAVAILABLE
 */
export async function loadTables(options: SqlTablesOptions): Promise<BoxTable[]> {
  const { gateway, identity, sql } = options;
  const { mounted, states } = gateway;
  const isNamed = (name: string): boolean => new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`, 'i').test(sql);
  const room = { bytes: MOST_BYTES };
  const tables: BoxTable[] = [];
  for (const state of states.catalogue.shown) {
    if (!isNamed(state.name) || !isAllowed(identity, 'channel:read', state.channel, state.key)) continue;
    tables.push(await stateTable(gateway, state, room));
  }
  for (const channel of mounted.channels('last')) {
    if (!isNamed(channel.name) || !isNamed('history') || !isAllowed(identity, 'channel:read', channel)) continue;
    tables.push(await historyTable(channel, options, room));
  }
  return tables;
}

async function stateTable({ live, states }: Gateway, state: State, room: { bytes: number }): Promise<BoxTable> {
  await live.current(state.channel);
  const records = await states.store.all(state);
  take(room, `state.${state.name}`, records);
  const rows = records.map((json) => [json, '', 0, null] as const);
  return { schema: 'state', name: state.name, structure: state.layout.structure, rows };
}

async function historyTable(
  channel: Channel,
  { history, startMs, endMs }: SqlTablesOptions,
  room: { bytes: number },
): Promise<BoxTable> {
  const bounds = { after: null, key: null, maxRecords: MOST_RECORDS, maxBytes: room.bytes };
  const { records, next } = await history.read(channel, { startMs, endMs, ...bounds });
  if (next !== null) throw tooLarge(`history.${channel.name}`);
  take(
    room,
    `history.${channel.name}`,
    records.map(({ json }) => json),
  );
  const rows = records.map(
    ({ json, position, key }) => [json, position, Number(position.split('-', 1)[0]), key] as const,
  );
  return { schema: 'history', name: channel.name, structure: layoutOf(channel.declaration.type).structure, rows };
}

function take(room: { bytes: number }, name: string, records: readonly string[]): void {
  room.bytes -= records.reduce((sum, { length }) => sum + length, 0);
  if (room.bytes < 0) throw tooLarge(name);
}

function tooLarge(name: string): SqlFailure {
  const hint = 'narrow the history with `start` and `end`, or ask for the state with a query of its own';
  return new SqlFailure('sql_memory', `The tables up to ${name} take more than ${MOST_BYTES} bytes: ${hint}`);
}
