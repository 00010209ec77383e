import { type AuditEntryView, SluiceError } from '@sluice/contracts';
import { type AccessRedis } from './access-redis.js';
import { AUDIT_KEY } from './auth-keys.js';

const ENTRIES_KEPT = 100_000;
const MAX_COUNT = 1000;
const ENTRY_ID = /^\d{1,20}(-\d{1,20})?$/;

/** What happened, for the audit trail. Never holds a credential. */
export interface AuditEvent {
  /** Such as `user-added` or `refused`. */
  readonly event: string;
  /** Who did it, or tried to; null when that is not known. */
  readonly subject: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Who did what to the rights of whom, and who was refused: a stream of about the newest 100,000 events. */
export class AuditTrail {
  constructor(private readonly redis: AccessRedis) {}

  /** @throws SluiceError `LOG_UNAVAILABLE`, `LOG_FULL` */
  async append({ event, subject, details }: AuditEvent): Promise<void> {
    const body = JSON.stringify({ time: new Date().toISOString(), event, subject, details });
    const args = [AUDIT_KEY, 'MAXLEN', '~', ENTRIES_KEPT, '*', 'd', body];
    await this.redis.commands.run({ name: 'XADD', args, subject: 'the audit trail' });
  }

  /**
   * The newest entries, newest first; with `after` those that follow that id, oldest first.
   * @param options `count` at most 1000, 100 unless given
   * @throws SluiceError `INVALID_ID`, `LOG_UNAVAILABLE`
   */
  async read({ after, count = 100 }: { readonly after?: string; readonly count?: number } = {}): Promise<
    AuditEntryView[]
  > {
    if (after !== undefined && !ENTRY_ID.test(after)) {
      throw new SluiceError('INVALID_ID', `after must be an entry id, got ${JSON.stringify(after.slice(0, 100))}`);
    }
    const most = Math.max(1, Math.min(count, MAX_COUNT));
    const range = after === undefined ? ['+', '-'] : [`(${after}`, '+'];
    const reply = await this.redis.commands.run({
      name: after === undefined ? 'XREVRANGE' : 'XRANGE',
      args: [AUDIT_KEY, ...range, 'COUNT', most],
      subject: 'the audit trail',
    });
    return (reply as [string, string[]][]).map(([id, fields]) => toView(id, fields[fields.indexOf('d') + 1] ?? ''));
  }
}

function toView(id: string, body: string): AuditEntryView {
  const value = parse(body);
  return {
    id,
    time: textOf(value['time']) ?? new Date(Number(id.split('-', 1)[0])).toISOString(),
    event: textOf(value['event']) ?? 'unknown',
    subject: textOf(value['subject']),
    details: isRecord(value['details']) ? value['details'] : {},
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
