import { SluiceError } from '@sluice/contracts';

/** Asked again after this; in between what is pushed is added. */
const MEASURE_EVERY_MS = 5_000;
const MAX_SUBJECTS = 10_000;

interface Account {
  bytes: number;
  measuredAtMs: number;
  measuring: Promise<void> | null;
}

/** One quota on stored bytes. */
export interface ByteBound {
  /** How the refusal names it. */
  readonly quota: string;
  readonly setting: string;
  readonly limitBytes: number;
  /** Bytes that Redis holds now for a subject. */
  measure(subject: string): Promise<number>;
}

/**
 * How many bytes each subject's streams take: what Redis says every few seconds, and what was pushed since then. So a subject is stopped
 * at its quota at once, and let go on within seconds of having deleted something.
 */
export class ByteMeter {
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly bound: ByteBound,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Adds bytes about to be pushed. @throws SluiceError QUOTA_EXCEEDED */
  add(subject: string, bytes: number): void {
    const account = this.accountOf(subject);
    if (this.now() - account.measuredAtMs >= MEASURE_EVERY_MS) void this.measure(subject, account);
    const { quota, setting, limitBytes } = this.bound;
    if (account.bytes + bytes <= limitBytes) {
      account.bytes += bytes;
      return;
    }
    throw new SluiceError(
      'QUOTA_EXCEEDED',
      `${subject} holds ${account.bytes} bytes and pushes ${bytes} more: the quota is ${limitBytes} ${quota} (${setting})`,
      { details: { quota, limit: limitBytes, retryAfterSeconds: MEASURE_EVERY_MS / 1000 } },
    );
  }

  /** Begins with what is there already. */
  async open(subject: string): Promise<void> {
    const account = this.accountOf(subject);
    if (account.measuredAtMs === Number.NEGATIVE_INFINITY) await this.measure(subject, account);
  }

  /** Whoever asks while Redis counts waits for the same figure. */
  private measure(subject: string, account: Account): Promise<void> {
    account.measuring ??= this.count(subject, account).finally(() => (account.measuring = null));
    return account.measuring;
  }

  private async count(subject: string, account: Account): Promise<void> {
    const before = account.bytes;
    try {
      const bytes = await this.bound.measure(subject);
      // What was pushed while Redis counted may or may not be in its figure: it is counted again rather than not at all.
      account.bytes = bytes + (account.bytes - before);
      account.measuredAtMs = this.now();
    } catch {
      // Redis is away: pushes fail by themselves, and the next one asks again.
    }
  }

  private accountOf(subject: string): Account {
    const known = this.accounts.get(subject);
    if (known !== undefined) return known;
    if (this.accounts.size >= MAX_SUBJECTS) this.accounts.delete(this.accounts.keys().next().value as string);
    const fresh: Account = { bytes: 0, measuredAtMs: Number.NEGATIVE_INFINITY, measuring: null };
    this.accounts.set(subject, fresh);
    return fresh;
  }
}
