import { SluiceError } from '@sluice/contracts';
import { DEFAULT_DEVICE, parseStreamName, quoteValue } from '@sluice/wire';
import { refusing } from '../streams/refusing.js';

/** Keys that begin so hold metadata and events of devices; only Sluice writes them. */
const REGISTRY_PREFIX = ':';
const DEFAULT_PREFIX = `${DEFAULT_DEVICE}:`;

/**
 * Redis key of a stream that the ptg dialect names: a name with a `:` is the key as it stands, any other belongs to the device
 * `default`. Without devices every name is the key.
 * @throws SluiceError `INVALID_NAME`
 */
export function keyOfSid(sid: string, hasDevices: boolean): string {
  return refusing(() => parseStreamName(sid, hasDevices).key);
}

/** As {@link keyOfSid}, for a stream that is written or deleted. @throws SluiceError `INVALID_NAME` */
export function writableKeyOfSid(sid: string, hasDevices: boolean): string {
  if (!sid.startsWith(REGISTRY_PREFIX)) return keyOfSid(sid, hasDevices);
  throw new SluiceError('INVALID_NAME', `stream name ${quoteValue(sid)}: names that begin with ":" can only be read`);
}

/** The name that the ptg dialect shows for a key; null for a key that no name of the dialect stands for. */
export function sidOfKey(key: string, hasDevices: boolean): string | null {
  if (!hasDevices) return key;
  const sid = key.startsWith(DEFAULT_PREFIX) ? key.slice(DEFAULT_PREFIX.length) : '';
  if (sid !== '' && !sid.includes(':')) return sid;
  return key.includes(':') ? key : null;
}

/**
 * Names joined by `+` in a part of a path; one written `%2B` stays part of its name.
 * @param rawPart as it stands in the URL
 * @throws SluiceError `INVALID_NAME` for percent-encoding that stands for nothing
 */
export function splitSids(rawPart: string): string[] {
  return rawPart.split('+').map((name) => {
    try {
      return decodeURIComponent(name);
    } catch {
      throw new SluiceError('INVALID_NAME', `stream name ${quoteValue(name)} is not percent-encoded UTF-8`);
    }
  });
}

/**
 * The segment of a URL's path that names streams, as it stands there.
 * @param url path and query of a request
 * @param at number of the segment: 3 in `/ptg/data/<sids>`
 */
export function rawSegment(url: string, at: number): string {
  const end = url.search(/[?#]/);
  return (end < 0 ? url : url.slice(0, end)).split('/')[at] ?? '';
}
