import { type AccessRedis } from './access-redis.js';
import { type AccessState } from './access-state.js';
import { type AuditTrail } from './audit-trail.js';

/** What those that change rights share. */
export interface AccessParts {
  readonly redis: AccessRedis;
  readonly state: AccessState;
  readonly audit: AuditTrail;
}

/** Tells a change that is written to every process, knows it here, and writes it to the audit trail. @throws SluiceError */
export async function settleChange(
  { redis, state, audit }: AccessParts,
  event: string,
  by: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await redis.tellChange();
  await state.refresh();
  await audit.append({ event, subject: by, details });
}
