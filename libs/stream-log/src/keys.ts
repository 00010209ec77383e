import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/contracts';
import { RESERVED_KEY_PREFIX, isReservedKey } from '@sluice/wire';

/*
 * Every Redis key that stream-log writes.
 *
 * | key                                | type   | content                                                    | lives                        |
 * |------------------------------------|--------|------------------------------------------------------------|------------------------------|
 * | <device>:<prefix><sid>             | stream | entries; field `d` = payload, other fields as given        | until deleted (wire `streamKey`) |
 * | sluice:retention:<companion>       | hash   | maxEntries, maxAgeMs, maxBytes (absent: no bound), setAt   | until reset or stream deleted |
 * | sluice:idem:<companion>            | hash   | SHA-256 of an idempotency key -> `<digest> <id> <id> …`    | 10 min after the last use    |
 * | sluice:idem-times:<companion>      | zset   | the same fields, score = ms at which each expires          | with sluice:idem             |
 * | sluice:events:streams              | stream | `d` = JSON of a StreamEvent; about 1,000 entries           | always                       |
 * | sluice:retention-streams           | set    | streams that have a retention of their own, or had one     | always                       |
 * | sluice:lease:retention             | string | id of the process that trims idle streams                  | 15 s, renewed                |
 *
 * <companion> holds the stream's key such that both share a hash slot; see `companionSuffix`.
 */

/** Where the appearance and deletion of streams is told; one stream for all, on whichever node holds its slot. */
export const STREAM_EVENTS_KEY = `${RESERVED_KEY_PREFIX}events:streams`;
/** Streams with a retention of their own: a superset, put right by the sweep. */
export const RETENTION_STREAMS_KEY = `${RESERVED_KEY_PREFIX}retention-streams`;
/** Held by the one process that trims idle streams. */
export const RETENTION_LEASE_KEY = `${RESERVED_KEY_PREFIX}lease:retention`;

const SLOT_COUNT = 16_384;

/** Whether a key is one of Sluice's own, which are shown to nobody. */
export function isOwnKey(key: string): boolean {
  return isReservedKey(key);
}

/** Key of a stream's own retention. */
export function retentionKey(key: string): string {
  return `${RESERVED_KEY_PREFIX}retention:${companionSuffix(key)}`;
}

/** Keys of a stream's remembered idempotent pushes: the answers, and when each may be forgotten. */
export function idempotencyKeys(key: string): [answers: string, times: string] {
  const suffix = companionSuffix(key);
  return [`${RESERVED_KEY_PREFIX}idem:${suffix}`, `${RESERVED_KEY_PREFIX}idem-times:${suffix}`];
}

/** All keys that go when the stream goes. */
export function companionKeys(key: string): string[] {
  return [retentionKey(key), ...idempotencyKeys(key)];
}

/** Field of an idempotency key in {@link idempotencyKeys}. */
export function idempotencyField(idempotencyKey: string): string {
  return createHash('sha256').update(idempotencyKey).digest('hex');
}

/** Whether a cluster can keep the companions of this stream in its slot. */
export function canShareSlot(key: string): boolean {
  return hashTag(key) !== null || !key.includes('}');
}

/** @throws SluiceError CROSS_SLOT_NAME for names whose companions cannot share their slot (`a}b`, `{}x`) */
export function assertClusterName(key: string): void {
  if (canShareSlot(key)) return;
  const message = `stream name "${key}": a Redis cluster cannot keep it; use no "}", or a tag in braces like "{tag}"`;
  throw new SluiceError('CROSS_SLOT_NAME', message);
}

/**
 * What makes a key of ours that shares the slot of `key`: `{key}`, as Redis hashes the first part in braces only; for a key
 * with a tag of its own `{tag}:key`. Keys that allow neither (`a}b`, `{}x`) stand alone, as `:key`, which serves on one
 * Redis. The three forms can never make the same key of two streams.
 */
function companionSuffix(key: string): string {
  const tag = hashTag(key);
  if (tag !== null) return `{${tag}}:${key}`;
  return key.includes('}') ? `:${key}` : `{${key}}`;
}

/** The part that Redis hashes instead of the whole key: between the first `{` and the first `}` after it, if not empty. */
function hashTag(key: string): string | null {
  const open = key.indexOf('{');
  if (open < 0) return null;
  const close = key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : null;
}

/** Slot of a key in a Redis cluster, 0 to 16383: CRC16 (XMODEM) of its UTF-8 bytes, or of its hash tag's. */
export function hashSlot(key: string): number {
  const hashed = hashTag(key) ?? key;
  let crc = 0;
  for (let at = 0; at < hashed.length; at++) {
    const code = hashed.charCodeAt(at);
    if (code > 0x7f) return crc16(Buffer.from(hashed, 'utf8')) % SLOT_COUNT;
    crc = step(crc, code);
  }
  return crc % SLOT_COUNT;
}

const CRC16_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

function step(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (CRC16_TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0);
}

function crc16(bytes: Uint8Array): number {
  return bytes.reduce(step, 0);
}
