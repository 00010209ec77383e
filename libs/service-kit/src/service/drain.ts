import { type Logger } from 'pino';

interface Step {
  readonly name: string;
  readonly run: () => Promise<unknown> | void;
  readonly cut: (() => void) | undefined;
}

/** What a stopping service still does, in the order it was added, all within one bounded time. */
export class Drain {
  readonly #steps: Step[] = [];
  #running: Promise<void> | null = null;

  constructor(
    private readonly log: Logger,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Adds a step that runs after new requests are refused and before the service's modules are destroyed.
   * @param cut ends at once whatever the step did not end in time; called in any case when all steps are over
   */
  add(name: string, run: () => Promise<unknown> | void, cut?: () => void): void {
    this.#steps.push({ name, run, cut });
  }

  /** Runs the steps until they are done or time is up, then cuts what is left. Later calls wait for the first. */
  async run(): Promise<void> {
    this.#running ??= this.#runBounded();
    return this.#running;
  }

  async #runBounded(): Promise<void> {
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(late.resolve, this.timeoutMs, 'late');
    let current = '';
    const work = (async () => {
      for (const { name, run } of this.#steps) {
        current = name;
        await this.#runStep(name, run);
      }
    })();
    const outcome = await Promise.race([work, late.promise]);
    clearTimeout(timer);
    if (outcome === 'late')
      this.log.warn({ step: current, timeoutMs: this.timeoutMs }, 'drain took too long, going on');
    for (const { cut } of this.#steps) cut?.();
  }

  async #runStep(name: string, run: Step['run']): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.log.error({ step: name, err: error }, 'drain step failed, going on');
    }
  }
}
