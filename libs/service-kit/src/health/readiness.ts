import { type HealthReport, type ReadinessCheck } from '@sluice/contracts';

/** Answers whether one needed thing works; a rejection or an answer that does not come in time counts as not ready. */
export type CheckFunction = () => ReadinessCheck | Promise<ReadinessCheck>;

const CHECK_TIMEOUT_MS = 2000;

interface Check {
  readonly name: string;
  readonly scope: 'own' | 'system';
  readonly run: CheckFunction;
}

/** What a service needs to be able to work; the services' modules add their checks. */
export class Readiness {
  readonly #checks: Check[] = [];
  #running: Promise<Record<string, ReadinessCheck>> | null = null;
  #isStopping = false;

  constructor(readonly service: string) {}

  /** Adds a check that decides whether this service itself is ready. */
  add(name: string, run: CheckFunction): void {
    this.#checks.push({ name, scope: 'own', run });
  }

  /** Adds a check of something beyond this service: it counts for `/health`, not for `/health/ready`. */
  addSystem(name: string, run: CheckFunction): void {
    this.#checks.push({ name, scope: 'system', run });
  }

  /** From now on nothing is ready: no new work should come. */
  stop(): void {
    this.#isStopping = true;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Runs the checks (calls at the same time share one run) and reports on those of the scope. */
  async report(scope: 'own' | 'system'): Promise<HealthReport> {
    this.#running ??= this.#runAll().finally(() => {
      this.#running = null;
    });
    const results = await this.#running;
    const names = this.#checks.filter((check) => scope === 'system' || check.scope === 'own').map(({ name }) => name);
    const checks = Object.fromEntries(names.map((name) => [name, results[name] ?? { ready: false }]));
    const isReady = Object.values(checks).every(({ ready }) => ready);
    const status = this.#isStopping ? 'stopping' : isReady ? 'ready' : 'not ready';
    return { status, service: this.service, checks };
  }

  async #runAll(): Promise<Record<string, ReadinessCheck>> {
    const entries = await Promise.all(
      this.#checks.map(async ({ name, run }) => [name, await runBounded(run)] as const),
    );
    return Object.fromEntries(entries);
  }
}

async function runBounded(run: CheckFunction): Promise<ReadinessCheck> {
  const late = Promise.withResolvers<ReadinessCheck>();
  const timer = setTimeout(() => {
    late.resolve({ ready: false, detail: `no answer within ${CHECK_TIMEOUT_MS} ms` });
  }, CHECK_TIMEOUT_MS);
  try {
    return await Promise.race([Promise.resolve(run()), late.promise]);
  } catch (error) {
    return { ready: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
