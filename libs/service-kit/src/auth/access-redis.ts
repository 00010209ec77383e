import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { RedisCommands, StreamLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { ACCESS_EVENTS_KEY } from './auth-keys.js';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 2000;
const CONNECT_TIMEOUT_MS = 5000;
const EVENTS_KEPT = 100;
/** As long as commands are tried again when Redis is away for a moment. */
const FIRST_CONNECTION_WAIT_MS = 3000;

/** The connection to where users, keys and revocations are kept. It is made in the background and waited for by nobody. */
export class AccessRedis {
  #commands: RedisCommands | null = null;
  #log: StreamLog | null = null;
  #isClosed = false;
  readonly #connected = Promise.withResolvers<void>();

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {}

  /**
   * Connects, however long it takes, and follows the changes from then on.
   * @param onChange called once connected, and after each change that any process makes
   */
  start(onChange: () => void): void {
    void this.#connect(onChange);
  }

  /** @throws SluiceError `LOG_UNAVAILABLE` until the first connection is made */
  get commands(): RedisCommands {
    if (this.#commands !== null) return this.#commands;
    throw new SluiceError('LOG_UNAVAILABLE', 'Redis, which keeps users and keys, does not answer yet');
  }

  /** Resolves once the first connection is made, or when that takes too long. */
  async untilConnected(): Promise<void> {
    if (this.#commands !== null) return;
    await Promise.race([this.#connected.promise, delay(FIRST_CONNECTION_WAIT_MS, undefined, { ref: false })]);
  }

  /** Tells every process that something has changed. */
  async tellChange(): Promise<void> {
    const args = [ACCESS_EVENTS_KEY, 'MAXLEN', '~', EVENTS_KEPT, '*', 'd', '{"type":"changed"}'];
    await this.commands.run({ name: 'XADD', args, subject: 'the event of a changed right' });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#log?.close();
    this.#commands?.close();
  }

  async #connect(onChange: () => void): Promise<void> {
    for (let waitMs = FIRST_RETRY_MS; !this.#isClosed; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      try {
        this.#commands ??= await RedisCommands.connect(this.url);
        this.#connected.resolve();
        if (this.#isClosed) break;
        this.#log = await StreamLog.connect({
          url: this.url,
          durability: { kind: 'everysec' },
          retention: { trimsEveryEntry: false, maxLenFor: () => EVENTS_KEPT },
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
        });
        this.#follow(this.#log, onChange);
        return;
      } catch (error) {
        if (waitMs === FIRST_RETRY_MS) this.logger.warn({ err: error }, 'users and keys cannot be read yet');
        await delay(waitMs, undefined, { ref: false });
      }
    }
    // Closed while it was connecting.
    this.#commands?.close();
  }

  #follow(log: StreamLog, onChange: () => void): void {
    // Closed while it was connecting.
    if (this.#isClosed) {
      void log.close();
      this.#commands?.close();
      return;
    }
    const follower = log.follow(
      ACCESS_EVENTS_KEY,
      { after: '$' },
      {
        onEntries: () => {
          onChange();
          return true;
        },
        onGap: onChange,
        onReset: onChange,
        onFailure: (error) => {
          this.logger.error({ err: error }, 'changes of rights are no longer heard, only looked for');
        },
      },
    );
    // What changed before the follower stood is seen by this load.
    follower.ready.then(onChange, () => undefined);
  }
}
