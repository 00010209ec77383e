import { randomBytes } from 'node:crypto';

const prefix = randomBytes(6).toString('base64url');
let counter = 0;

/** A new id, unique across processes, cheap enough for every request. */
export function newRequestId(): string {
  counter += 1;
  return `${prefix}-${counter.toString(36)}`;
}

/** Whether an id that a proxy sent may stand in logs and headers. */
export function isAcceptableRequestId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:+/=-]{1,128}$/.test(id);
}
