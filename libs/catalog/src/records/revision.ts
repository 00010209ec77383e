import { createHash } from 'node:crypto';

/** Revision of a thing that has no metadata. */
export const NO_REVISION = '0';

const REVISION_CHARS = 16;

/**
 * Revision of metadata: follows from its text alone, so that it can never disagree with what is stored, whoever stored it.
 * Metadata that is set back to what it was has its old revision again.
 * @param json as it is stored; null for none
 */
export function revisionOf(json: string | null): string {
  return json === null ? NO_REVISION : createHash('sha256').update(json).digest('hex').slice(0, REVISION_CHARS);
}
