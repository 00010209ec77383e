import { WireError, quoteValue } from './wire-error.js';

/** Longest name of a stream, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 512;
/** Device of streams whose name has none. */
export const DEFAULT_DEVICE = 'default';
/** Keys that begin so are Sluice's own: never a stream, shown to nobody. */
export const RESERVED_KEY_PREFIX = 'sluice:';

/** A stream name taken apart; `key` is the whole name and the Redis key. */
export interface StreamName {
  readonly key: string;
  /** Part before the first `:`; empty where names have no device. */
  readonly device: string;
  /** Part after the first `:`. */
  readonly stream: string;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(MAX_NAME_BYTES + 4);

function isAsciiName(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function assertCharacters(name: string, what: string): void {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code >= 0x20 && code !== 0x7f) continue;
    const hex = code.toString(16).padStart(4, '0').toUpperCase();
    throw new WireError('INVALID_NAME', `${what} ${quoteValue(name)} has the control character U+${hex}`);
  }
  if (!name.isWellFormed()) {
    throw new WireError('INVALID_NAME', `${what} ${quoteValue(name)} is not valid Unicode (a lone surrogate)`);
  }
}

/**
 * Checks that a name (of a stream, a device, a prefix, a group) is 1 to 512 bytes of UTF-8 without control characters.
 * @param what how the message calls the name
 * @throws WireError `INVALID_NAME`
 */
export function assertName(name: string, what = 'stream name'): void {
  if (name.length === 0) throw new WireError('INVALID_NAME', `${what} is empty`);
  if (name.length <= MAX_NAME_BYTES && isAsciiName(name)) return;
  if (name.length <= MAX_NAME_BYTES) assertCharacters(name, what);
  const { read } = encoder.encodeInto(name, scratch);
  const { written } = encoder.encodeInto(name, scratch);
  if (read < name.length || written > MAX_NAME_BYTES) {
    throw new WireError('INVALID_NAME', `${what} ${quoteValue(name)} is longer than ${MAX_NAME_BYTES} bytes`);
  }
}

/** Whether a Redis key is one of Sluice's own. */
export function isReservedKey(key: string): boolean {
  return key.startsWith(RESERVED_KEY_PREFIX);
}

/**
 * Checks a name that is a Redis key as it stands: {@link assertName}, and none of Sluice's own.
 * @throws WireError `INVALID_NAME`
 */
export function assertStreamKey(key: string): void {
  assertName(key);
  if (isReservedKey(key)) {
    throw new WireError('INVALID_NAME', `stream name ${quoteValue(key)}: names that begin with "sluice:" are reserved`);
  }
}

/**
 * Redis key of a stream of the redis-streamer dialect: `<device>:<prefix><sid>`, an empty or missing device being
 * `default`; with device `null` (no-prefix mode) just `<prefix><sid>`.
 * @throws WireError `INVALID_NAME`
 */
export function streamKey(device: string | null | undefined, prefix: string, sid: string): string {
  if (sid.length === 0) throw new WireError('INVALID_NAME', 'stream name is empty');
  const key = device === null ? prefix + sid : `${device || DEFAULT_DEVICE}:${prefix}${sid}`;
  assertStreamKey(key);
  return key;
}

/**
 * Takes a stream name apart; a name without `:` belongs to the device `default`, unless `devices` is false (no-prefix
 * mode), where every name stands as it is.
 * @throws WireError `INVALID_NAME`
 */
export function parseStreamName(name: string, devices = true): StreamName {
  assertName(name);
  const colon = name.indexOf(':');
  const parsed = !devices
    ? { key: name, device: '', stream: name }
    : colon < 0
      ? { key: `${DEFAULT_DEVICE}:${name}`, device: DEFAULT_DEVICE, stream: name }
      : { key: name, device: name.slice(0, colon), stream: name.slice(colon + 1) };
  assertStreamKey(parsed.key);
  return parsed;
}
