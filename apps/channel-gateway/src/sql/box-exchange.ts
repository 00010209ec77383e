import { type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import {
  type BoxAnswer,
  type BoxFailure,
  type BoxQuery,
  type BoxReady,
  type BoxRow,
  type BoxRows,
} from './box-process.js';

/** A table that a query may see. */
export interface BoxTable {
  readonly schema: 'state' | 'history';
  readonly name: string;
  readonly structure: string;
  readonly rows: readonly BoxRow[];
}

/** A query that did not come to an end; the message is for the client. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure';

  constructor(
    readonly type: 'sql_error' | 'sql_timeout' | 'sql_memory',
    message: string,
  ) {
    super(message);
  }

  /** Nobody is told. */
  static left(): SqlFailure {
    return new SqlFailure('sql_error', 'Nobody waits for the answer any more');
  }

  static tooLong(maxMs: number): SqlFailure {
    return new SqlFailure('sql_timeout', `The query took longer than ${maxMs} ms and was ended`);
  }
}

type Reply = BoxAnswer | BoxFailure;

const ROWS_AT_ONCE = 2_000;
/** A query that cannot be interrupted is ended together with its process. */
const GRACE_MS = 1_000;
/** For starting the process and filling its tables. */
const LOAD_MS = 20_000;
const MOST_RESIDENT_BYTES = 640 * 1024 * 1024;
const LOOK_EVERY_MS = 50;
const PAGE_BYTES = 4_096;

/** One query in a process, watched from outside: what it does there cannot keep it from being ended. */
export class BoxExchange {
  private readonly reply = Promise.withResolvers<Reply>();
  private timer: NodeJS.Timeout;

  constructor(
    private readonly child: ChildProcess,
    private readonly maxMs: number,
  ) {
    this.timer = setTimeout(() => this.kill(SqlFailure.tooLong(maxMs)), LOAD_MS);
  }

  /** @throws SqlFailure when the process had to be ended, or ended by itself */
  async run(tables: readonly BoxTable[], query: Omit<BoxQuery, 'kind' | 'maxMs'>, signal: AbortSignal): Promise<Reply> {
    const { child, maxMs } = this;
    const watch = setInterval(() => void this.look(), LOOK_EVERY_MS);
    child.on('message', this.onMessage);
    child.once('exit', this.onExit);
    const leave = (): void => this.kill(SqlFailure.left());
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      for (const message of messagesOf(tables)) child.send(message);
      child.send({ kind: 'query', maxMs, ...query } satisfies BoxQuery);
      return await this.reply.promise;
    } finally {
      clearTimeout(this.timer);
      clearInterval(watch);
      signal.removeEventListener('abort', leave);
      child.off('message', this.onMessage);
      child.off('exit', this.onExit);
    }
  }

  private readonly onMessage = (message: unknown): void => {
    const told = message as Reply | BoxReady;
    if (told.kind !== 'ready') {
      this.reply.resolve(told);
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.kill(SqlFailure.tooLong(this.maxMs)), this.maxMs + GRACE_MS);
  };

  private readonly onExit = (): void => {
    this.reply.reject(new SqlFailure('sql_error', 'The query ended the process it ran in'));
  };

  /** Texts that a query builds count in no limit of the database: what the process takes is seen from outside. */
  private async look(): Promise<void> {
    const statm = await readFile(`/proc/${this.child.pid}/statm`, 'utf8').catch(() => '');
    const pages = Number(statm.split(' ')[1] ?? 0);
    if (pages * PAGE_BYTES <= MOST_RESIDENT_BYTES) return;
    this.kill(new SqlFailure('sql_memory', `The query took more than ${MOST_RESIDENT_BYTES} bytes of memory`));
  }

  private kill(failure: SqlFailure): void {
    this.reply.reject(failure);
    this.child.kill('SIGKILL');
  }
}

function* messagesOf(tables: readonly BoxTable[]): Generator<BoxRows> {
  for (const { schema, name, structure, rows } of tables) {
    for (let from = 0; from === 0 || from < rows.length; from += ROWS_AT_ONCE) {
      const part = rows.slice(from, from + ROWS_AT_ONCE);
      yield { kind: 'rows', schema, name, structure, rows: part, isLast: from + ROWS_AT_ONCE >= rows.length };
    }
  }
}
