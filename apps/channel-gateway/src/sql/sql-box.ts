import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ChannelConfig } from '../config.js';
import { type Share, Turnstile } from '../state/turnstile.js';
import { type BoxAnswer, type BoxQuery } from './box-process.js';
import { BoxExchange, SqlFailure, type BoxTable } from './box-exchange.js';

const BOXES = 2;
const MOST_WAITING = 100;
/** Of one caller: with all of the boxes it would keep out everybody else for as long as its queries take. */
const SHARE: Share = { most: 1, mostWaiting: 10 };

/** Who asks. */
export interface BoxCaller {
  /** Whose share of the boxes it takes. */
  readonly name: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Runs queries of clients, each in a process that holds nothing but the tables it may see. A process is used again when all went well. */
@Injectable()
export class SqlBox implements OnModuleDestroy {
  private readonly turns = new Turnstile(BOXES, MOST_WAITING, SHARE);
  private readonly idle: ChildProcess[] = [];
  private readonly all = new Set<ChildProcess>();
  private readonly maxMs: number;

  constructor({ sqlMaxMs }: ChannelConfig) {
    this.maxMs = sqlMaxMs;
  }

  /** @throws SqlFailure, SluiceError RATE_LIMITED */
  run(
    { name, signal }: BoxCaller,
    tables: () => Promise<readonly BoxTable[]>,
    query: Omit<BoxQuery, 'kind' | 'maxMs'>,
  ): Promise<BoxAnswer> {
    return this.turns.pass(async () => {
      if (signal.aborted) throw SqlFailure.left();
      const loaded = await tables();
      const child = this.idle.pop() ?? this.start();
      const { sql, values, maxRows, isArrow } = query;
      const answer = await new BoxExchange(child, this.maxMs).run(loaded, { sql, values, maxRows, isArrow }, signal);
      if (child.connected) this.idle.push(child);
      if (answer.kind === 'answer') return answer;
      if (answer.message.startsWith('INTERRUPT Error')) throw SqlFailure.tooLong(this.maxMs);
      const isMemory = answer.message.startsWith('Out of Memory Error');
      throw new SqlFailure(isMemory ? 'sql_memory' : 'sql_error', answer.message);
    }, name);
  }

  onModuleDestroy(): void {
    for (const child of this.all) child.kill('SIGKILL');
  }

  private start(): ChildProcess {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const file = fileURLToPath(new URL(`box-process.${extension}`, import.meta.url));
    const child = fork(file, {
      // Nothing of what the gateway was told, such as its passwords, is there to be found.
      env: {},
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.unref();
    child.channel?.unref();
    this.all.add(child);
    child.on('error', () => undefined);
    child.once('exit', () => {
      this.all.delete(child);
      const at = this.idle.indexOf(child);
      if (at >= 0) this.idle.splice(at, 1);
    });
    return child;
  }
}
