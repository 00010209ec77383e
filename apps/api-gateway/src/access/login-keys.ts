import { createHash } from 'node:crypto';
import { RESERVED_KEY_PREFIX } from '@sluice/wire';

/*
 * Redis keys of the log-in. All share one hash slot, so that one script can count an attempt everywhere at once.
 *
 * | key                               | type   | content                                          | lives                     |
 * |-----------------------------------|--------|--------------------------------------------------|---------------------------|
 * | sluice:{login}:pair:<digest>      | string | failed log-ins of a user from one address        | 1 min after the first     |
 * | sluice:{login}:address:<digest>   | string | failed log-ins from one address                  | 1 min after the first     |
 * | sluice:{login}:total              | string | failed log-ins                                   | 1 min after the first     |
 */

const PREFIX = `${RESERVED_KEY_PREFIX}{login}:`;

/** The counters of an attempt: of the user from this address, of the address, of all. */
export function attemptKeys(user: string, address: string): [pair: string, address: string, total: string] {
  return [`${PREFIX}pair:${digest(`${address}\0${user}`)}`, `${PREFIX}address:${digest(address)}`, `${PREFIX}total`];
}

/** Names come from whoever tries: of any length, and perhaps a password in the wrong field. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
