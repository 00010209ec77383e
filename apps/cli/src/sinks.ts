import { SluiceError } from '@sluice/sdk';
import { type Progress } from './progress.js';
import { type Session } from './session.js';

/** Where pushed entries go, over WebSocket or REST. */
export interface EntrySink {
  /** Takes an entry; resolves when the next may come. */
  push(payload: Uint8Array): Promise<void>;
  /** Resolves when everything is stored. */
  flush(): Promise<void>;
}

/** How entries are pushed. */
export interface SinkOptions {
  readonly rest?: boolean;
  readonly packed?: boolean;
  /** Told of ids as entries are stored, in order. */
  readonly onIds?: ((ids: readonly string[]) => void) | undefined;
}

const POST_ENTRIES = 256;
const POST_BYTES = 4 * 1024 * 1024;

/** Opens the way for pushes to one stream, and says early when there is none. */
export async function openSink(
  session: Session,
  sid: string,
  progress: Progress,
  options: SinkOptions,
): Promise<EntrySink> {
  const name = session.name(sid);
  const onIds = options.onIds;
  if (options.rest === true) return new RestSink(session, name.device, name.stream, progress, onIds);
  await session.sluice.connect();
  const pusher = session.sluice.pusher(name.key, {
    ...(onIds === undefined ? {} : { onAppended: onIds }),
    ...(options.packed === true ? { packed: true } : {}),
  });
  return {
    push: (payload) => {
      progress.add(1, payload.length);
      return pusher.push(payload);
    },
    flush: () => pusher.flush(),
  };
}

/** Pushes over REST of the redis-streamer dialect: what comes while a request is under way goes into the next. */
class RestSink implements EntrySink {
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private running: Promise<void> | null = null;
  private error: unknown = null;

  constructor(
    private readonly session: Session,
    private readonly device: string,
    private readonly stream: string,
    private readonly progress: Progress,
    private readonly onIds: ((ids: readonly string[]) => void) | undefined,
  ) {}

  async push(payload: Uint8Array): Promise<void> {
    this.throwError();
    this.waiting.push(payload);
    this.waitingBytes += payload.length;
    this.running ??= this.run();
    if (this.waiting.length >= POST_ENTRIES || this.waitingBytes >= POST_BYTES) await this.running;
    this.throwError();
  }

  async flush(): Promise<void> {
    await this.running;
    this.throwError();
  }

  private async run(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const payloads = this.waiting.splice(0);
        const bytes = this.waitingBytes;
        this.waitingBytes = 0;
        const ids = await this.session.sluice.streamer.post(this.stream, payloads, { device: this.device });
        this.progress.add(payloads.length, bytes);
        this.onIds?.(ids);
      }
    } catch (error) {
      this.error = error;
    } finally {
      this.running = null;
    }
  }

  private throwError(): void {
    const { error } = this;
    this.error = null;
    if (error instanceof Error) throw error;
    if (error !== null) throw new SluiceError('INTERNAL', 'a push failed for no known reason', { cause: error });
  }
}
