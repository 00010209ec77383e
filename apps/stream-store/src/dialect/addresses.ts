import { DEFAULT_DEVICE, streamKey } from '@sluice/wire';
import { refusing } from '../streams/refusing.js';
import { escapeGlob, isPattern } from '../streams/pattern-watch.js';
import { type QueryReader } from './parameters.js';

/** How names of one request or socket become Redis keys, and keys become the names shown. */
export interface Addressing {
  /** Device part; null in no-prefix mode. */
  readonly device: string | null;
  readonly prefix: string;
  /** Names shown keep device and prefix; null: only where the device is a pattern. */
  readonly keepDevice: boolean | null;
}

/** One stream as a request names it. */
export interface Address {
  readonly key: string;
  /** Name shown in headers. */
  readonly label: string;
}

/** Every stream that matches, now and later. */
export interface AddressPattern {
  /** Globs over keys. */
  readonly globs: readonly string[];
  readonly label: (key: string) => string;
}

/** Reads `device_id`, `prefix` and `keep_device_id_in_stream_id`. */
export function readAddressing(query: QueryReader, hasDevices: boolean): Addressing {
  return {
    device: hasDevices ? query.text('device_id', DEFAULT_DEVICE) || DEFAULT_DEVICE : null,
    prefix: query.text('prefix', ''),
    keepDevice: query.boolean('keep_device_id_in_stream_id', null),
  };
}

/** @throws SluiceError `INVALID_NAME` */
export function addressOf(sid: string, addressing: Addressing): Address {
  const key = refusing(() => streamKey(addressing.device, addressing.prefix, sid));
  return { key, label: labelOf(key, addressing) };
}

/** The name shown for a key of this addressing: without device and prefix, or whole. In no-prefix mode it keeps the prefix. */
function labelOf(key: string, { device, prefix, keepDevice }: Addressing): string {
  if (device === null) return key;
  const isWildDevice = isPattern(device);
  if (keepDevice ?? isWildDevice) return key;
  if (!isWildDevice) return key.slice(device.length + 1 + prefix.length);
  return key.slice(key.indexOf(':') + 1 + (isPattern(prefix) ? 0 : prefix.length));
}

/** Whether these names ask for every stream that matches instead of for named ones. */
export function isWild(sids: readonly string[], { device }: Addressing): boolean {
  return (device !== null && isPattern(device)) || sids.some(isPattern);
}

/** The pattern behind names of which some hold a `*`; a literal name in the list matches itself. */
export function patternOf(sids: readonly string[], addressing: Addressing): AddressPattern {
  const { device, prefix } = addressing;
  const globs = sids.map((sid) => {
    addressOf(sid, addressing);
    const path = globOf(prefix) + globOf(sid);
    return device === null ? path : `${globOf(device)}:${path}`;
  });
  return { globs, label: (key) => labelOf(key, addressing) };
}

/** A part with a `*` is a glob; any other stands for itself. */
function globOf(part: string): string {
  return isPattern(part) ? part : escapeGlob(part);
}

/**
 * Names of a path joined by `+`.
 * @param part path part, percent-decoded
 */
export function splitNames(part: string): string[] {
  return part.split('+');
}

/** Names of a raw path part joined by `+`: one written `%2B` stays part of its name. */
export function splitRawNames(rawPart: string): string[] {
  return rawPart.split('+').map((name) => decodeURIComponent(name));
}
