import { SluiceError } from '@sluice/contracts';

/** Head of a headset's frame: u8 version, u8 type, u64 time. */
const HEAD_BYTES = 10;
const TIME_AT = 2;

/**
 * Entry id that a headset's frame carries: the time of its head in milliseconds, for `parse_meta`.
 * @throws SluiceError `INVALID_FRAME` for fewer bytes than a head, or the time 0, which no entry can have
 */
export function frameTimeId(frame: Uint8Array): string {
  if (frame.length < HEAD_BYTES) {
    throw new SluiceError(
      'INVALID_FRAME',
      `parse_meta: ${frame.length} bytes are no frame, its head has ${HEAD_BYTES}`,
    );
  }
  const time = new DataView(frame.buffer, frame.byteOffset, frame.length).getBigUint64(TIME_AT, true);
  if (time === 0n) throw new SluiceError('INVALID_FRAME', 'parse_meta: the frame has the time 0, which is no entry id');
  return `${time}-0`;
}
