/*
 * Every Redis key of access. None holds a password or a key's secret in a form that can be used.
 *
 * | key                        | type   | content                                                              | lives                |
 * |----------------------------|--------|----------------------------------------------------------------------|----------------------|
 * | sluice:auth:signing-keys   | hash   | key id -> JSON of a SigningKeyRecord; field `current` = id that signs | until its last token has expired |
 * | sluice:auth:users          | hash   | name -> JSON of a UserRecord (argon2id hash of the password, scopes)  | until removed        |
 * | sluice:auth:generations    | hash   | subject -> number; tokens of an earlier one are no longer valid       | always               |
 * | sluice:auth:not-before     | hash   | subject of a foreign issuer -> ms; tokens issued before are not valid | always               |
 * | sluice:auth:keys           | hash   | name -> JSON of an ApiKeyRecord (SHA-256 of the secret, scopes)       | until revoked        |
 * | sluice:auth:key-uses       | hash   | name -> ms of the last use, to the minute                             | with its key         |
 * | sluice:auth:revoked        | zset   | ids of revoked tokens, score = ms at which each would have expired    | until then           |
 * | sluice:auth:events         | stream | `d` = `{"type":"changed"}` after every change; about 100 entries      | always               |
 * | sluice:audit               | stream | `d` = JSON of an audit event; about 100,000 entries                   | always               |
 */
import { RESERVED_KEY_PREFIX } from '@sluice/wire';

const ROOT = `${RESERVED_KEY_PREFIX}auth:`;

export const SIGNING_KEYS_KEY = `${ROOT}signing-keys`;
/** Field of {@link SIGNING_KEYS_KEY} that names the key which signs. */
export const CURRENT_FIELD = 'current';
export const USERS_KEY = `${ROOT}users`;
export const GENERATIONS_KEY = `${ROOT}generations`;
export const NOT_BEFORE_KEY = `${ROOT}not-before`;
export const API_KEYS_KEY = `${ROOT}keys`;
export const KEY_USES_KEY = `${ROOT}key-uses`;
export const REVOKED_KEY = `${ROOT}revoked`;
/** Where every change is told; each process that follows it loads what it knows anew. */
export const ACCESS_EVENTS_KEY = `${ROOT}events`;
export const AUDIT_KEY = `${RESERVED_KEY_PREFIX}audit`;
