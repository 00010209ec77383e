import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { guardProcess } from './guard.js';
import { freePort } from './ports.js';
import { waitFor } from './wait-for.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const READY_TIMEOUT_MS = 20_000;
const MAX_OUTPUT_CHARACTERS = 1_000_000;

/** Doors beside an app's main port: tests that run at the same time must not meet at the usual ones. */
const ANY_OTHER_PORTS = { SLUICE_API_GATEWAY_PTG_PORT: '0' };

export interface AppOptions {
  /** Default: a free one; passed as `SLUICE_<APP>_PORT`. */
  readonly port?: number;
  /** Wait for `/health/ready`. Default true. */
  readonly waitUntilReady?: boolean;
}

/** A built app of the workspace, running as a process of its own. */
export class RunningApp {
  readonly url: string;
  private text = '';

  private constructor(
    readonly name: string,
    readonly port: number,
    readonly process: ChildProcess,
  ) {
    this.url = `http://127.0.0.1:${port}`;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.text = (this.text + chunk.toString()).slice(-MAX_OUTPUT_CHARACTERS)));
    }
  }

  static async start(name: string, env: Record<string, string>, options: AppOptions = {}): Promise<RunningApp> {
    const main = join(ROOT, 'apps', name, 'dist', 'main.js');
    if (!existsSync(main)) throw new Error(`${main} is missing: build the app first (npm run build)`);
    const port = options.port ?? (await freePort());
    const portVariable = `SLUICE_${name.toUpperCase().replaceAll('-', '_')}_PORT`;
    const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('SLUICE_') && key !== 'REDIS_URL');
    const { nodeArguments = [], environment = {} } = await startedWith(name);
    const child = spawn(process.execPath, ['--enable-source-maps', ...nodeArguments, main], {
      cwd: ROOT,
      env: {
        ...Object.fromEntries(inherited),
        ...environment,
        NODE_OPTIONS: '',
        ...ANY_OTHER_PORTS,
        [portVariable]: String(port),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const app = new RunningApp(name, port, child);
    guardProcess(child);
    if (options.waitUntilReady !== false) await app.waitUntilReady();
    return app;
  }

  /** Everything it has written to stdout and stderr (the last million characters). */
  get output(): string {
    return this.text;
  }

  get isRunning(): boolean {
    return this.process.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** @throws Error with the app's output when it ends before, or stays unready */
  async waitUntilReady(timeoutMs = READY_TIMEOUT_MS): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (!this.isRunning) return true;
      const response = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
      await response.arrayBuffer();
      return response.status === 200;
    };
    const message = () => `${this.name} is ready at ${this.url}\n${this.text}`;
    await waitFor(isReady, { timeoutMs, intervalMs: 50, message });
    if (!this.isRunning) throw new Error(`${this.name} ended at its start (${this.describeEnd()})\n${this.text}`);
  }

  /** Sends a signal and, unless it is SIGSTOP or SIGCONT, waits for the end; resolves with exit code or signal name. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    if (!this.isRunning) return this.describeEnd();
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return null;
    await ended;
    return this.describeEnd();
  }

  private describeEnd(): number | NodeJS.Signals | null {
    return this.process.exitCode ?? this.process.signalCode;
  }
}

/** What `npm start` gives an app's process besides its settings. */
interface StartedWith {
  readonly name: string;
  readonly nodeArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

async function startedWith(name: string): Promise<Partial<StartedWith>> {
  const table = pathToFileURL(join(ROOT, 'tools', 'start', 'apps.mjs')).href;
  const { apps } = (await import(table)) as { readonly apps: readonly StartedWith[] };
  return apps.find((app) => app.name === name) ?? {};
}

/**
 * Starts `apps/<name>/dist/main.js` under this Node with `env` (no `SLUICE_` variable of the test run is inherited) on a
 * free port and waits until `/health/ready` answers 200.
 */
export function startApp(
  name: string,
  env: Record<string, string> = {},
  options: AppOptions = {},
): Promise<RunningApp> {
  return RunningApp.start(name, env, options);
}
