import { holoTime } from '../conversions/holo/holo-head.js';
import { malformed } from '../conversions/malformed.js';

/**
 * Entry id that a headset's frame carries: the time of its head in milliseconds, for `parse_meta`.
 * @throws SluiceError `INVALID_FRAME` for fewer bytes than a head, or the time 0, which no entry can have
 */
export function frameTimeId(frame: Uint8Array): string {
  const time = holoTime(frame);
  if (time === 0n) throw malformed('parse_meta: the frame has the time 0, which is no entry id');
  return `${time}-0`;
}
