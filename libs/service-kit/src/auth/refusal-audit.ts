import { type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode } from '@sluice/contracts';
import { type AuditTrail } from './audit-trail.js';

const WINDOW_MS = 60_000;
const CLOSE_TIMEOUT_MS = 500;
/** More kinds of refusals than this in a minute are counted together. */
const MAX_KINDS = 500;
const OVERFLOW = 'others';

/** Who was refused what. */
interface Refusal {
  readonly code: ErrorCode;
  /** Null when nobody knows. */
  readonly subject: string | null;
  readonly route: string;
}

interface CountedRefusal extends Refusal {
  readonly address: string;
  count: number;
}

/**
 * Writes refusals to the audit trail: the first of each subject, address and route at once, those that follow within a
 * minute as one entry with their number. However many come, Redis gets a bounded number of entries.
 */
export class RefusalAudit {
  readonly #windows = new Map<string, CountedRefusal>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly audit: Pick<AuditTrail, 'append'>,
    private readonly addressOf: (request: IncomingMessage) => string,
    private readonly windowMs = WINDOW_MS,
  ) {}

  /** Never fails: what cannot be written is lost. */
  note(refusal: Refusal, request: IncomingMessage): void {
    this.#count({ ...refusal, address: this.addressOf(request), count: 1 });
  }

  /** Writes what is counted and not yet written, as far as Redis takes it at once. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.race([this.#flush(), delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }

  #count(refusal: CountedRefusal): void {
    const key = `${refusal.code} ${refusal.subject} ${refusal.address} ${refusal.route}`;
    this.#timer ??= setInterval(() => void this.#flush(), this.windowMs).unref();
    const known = this.#windows.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    if (this.#windows.size < MAX_KINDS) {
      this.#windows.set(key, { ...refusal, count: 0 });
      void this.#write(refusal);
      return;
    }
    const others = this.#windows.get(OVERFLOW);
    if (others !== undefined) others.count += 1;
    else this.#windows.set(OVERFLOW, { ...refusal, subject: null, address: OVERFLOW, route: OVERFLOW, count: 1 });
  }

  async #flush(): Promise<void> {
    const counted = [...this.#windows.values()].filter(({ count }) => count > 0);
    this.#windows.clear();
    await Promise.all(counted.map((refusal) => this.#write(refusal)));
  }

  async #write({ code, subject, address, route, count }: CountedRefusal): Promise<void> {
    const event = { event: 'refused', subject, details: { code, address, route, count } };
    await this.audit.append(event).catch(() => undefined);
  }
}
