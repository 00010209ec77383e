import { malformed } from '../malformed.js';
import { type HeadlessFrame } from './holo-frame.types.js';

const AUDIO_HEAD_BYTES = 16;
const MAX_CHANNELS = 64;
/** Sampling rates of the old audio format, which begins with one; none begins like the head of a frame. */
const AUDIO_RATES = new Set([8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000]);
const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;

/**
 * Reads what headsets send without a head: JSON text (where the type would be stands `"`, `{`, `]`, …) and old audio, which
 * begins with its rate. Null: the frame has a head.
 * @throws SluiceError `INVALID_FRAME` for audio whose lengths do not fit
 */
export function readHeadless(payload: Uint8Array): HeadlessFrame | null {
  const first = payload[0];
  if (first === OPENING_BRACE || first === OPENING_BRACKET) return { kind: 'json', bytes: payload };
  if (payload.length < 4) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const rate = view.getInt32(0, true);
  if (!AUDIO_RATES.has(rate)) return null;
  if (payload.length < AUDIO_HEAD_BYTES) {
    throw malformed(`an audio frame has a head of ${AUDIO_HEAD_BYTES} bytes, these are ${payload.length}`);
  }
  const channels = view.getInt32(4, true);
  const bytes = payload.subarray(AUDIO_HEAD_BYTES);
  if (channels < 1 || channels > MAX_CHANNELS || bytes.length % (4 * channels) !== 0) {
    throw malformed(`an audio frame of ${channels} channels cannot have ${bytes.length} bytes of samples`);
  }
  return { kind: 'audio', bytes, rate, channels, position: view.getBigInt64(8, true) };
}
