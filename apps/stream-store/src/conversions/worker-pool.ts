import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { malformed } from './malformed.js';
import { type Made, type Outcome, type Task } from './worker/tasks.js';

const IDLE_TIMEOUT_MS = 30_000;

/** Lets Node run the TypeScript sources of the worker as they stand: tests have no build of them. */
const SOURCE_LOADER = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  try { return next(name, context); }
  catch (error) { if (!name.endsWith('.js')) throw error; return next(name.slice(0, -3) + '.ts', context); }
} });`)}`;

/**
 * Threads for work on pixels, numbers and text; they start with the first task and end when there was none for a while. Their code
 * builds nothing on the heap that grows faster than what it is given: a full heap would end the process, not the thread.
 */
export class WorkerPool {
  private pool: Piscina<Task, Outcome> | null = null;

  constructor(private readonly maxThreads: number) {}

  /**
   * Runs a task; its bytes are not usable afterwards.
   * @param signal ends the task with its thread
   * @throws SluiceError `INVALID_FRAME` for bytes that are not what the task wants
   */
  async run(task: Task, signal: AbortSignal): Promise<Made> {
    const { bytes } = 'block' in task ? task.block : task;
    const outcome = await this.threads().run(task, { signal, transferList: [bytes.buffer as ArrayBuffer] });
    if ('refusal' in outcome) throw malformed(outcome.refusal);
    return outcome;
  }

  async close(): Promise<void> {
    await this.pool?.destroy();
    this.pool = null;
  }

  private threads(): Piscina<Task, Outcome> {
    this.pool ??= this.open();
    return this.pool;
  }

  private open(): Piscina<Task, Outcome> {
    const pool = new Piscina<Task, Outcome>({
      ...workerFile(),
      name: 'perform',
      minThreads: 0,
      maxThreads: this.maxThreads,
      idleTimeout: IDLE_TIMEOUT_MS,
      atomics: 'disabled',
      recordTiming: false,
    });
    // A thread that ends by itself fails its task, or is missed at the task's time limit; it must not end the service.
    pool.on('error', () => undefined);
    return pool;
  }
}

function workerFile(): { filename: string; execArgv?: string[] } {
  const built = fileURLToPath(new URL('./worker/conversion.worker.js', import.meta.url));
  if (existsSync(built)) return { filename: built };
  return { filename: built.replace(/\.js$/, '.ts'), execArgv: ['--import', SOURCE_LOADER] };
}
