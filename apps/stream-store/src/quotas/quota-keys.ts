/*
 * Every Redis key that keeps account of quotas. One hash tag holds them together: a reservation is one script.
 *
 * | key                             | type | content                                                      | lives  |
 * |---------------------------------|------|--------------------------------------------------------------|--------|
 * | sluice:{quota}:owners           | hash | stream -> subject that made it                               | always |
 * | sluice:{quota}:streams:<subject>| set  | streams that the subject made                                | always |
 *
 * Streams made by other tools, or before quotas were kept, have no owner and count for nobody.
 */

/** Who made which stream. */
export const OWNERS_KEY = 'sluice:{quota}:owners';

/** What the keys of the subjects' sets begin with. */
export const OWNED_PREFIX = 'sluice:{quota}:streams:';

/** Streams that a subject made. */
export function ownedKey(subject: string): string {
  return `${OWNED_PREFIX}${subject}`;
}
