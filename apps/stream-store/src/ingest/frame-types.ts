import { SluiceError } from '@sluice/contracts';
import { quoteValue } from '@sluice/wire';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** A text frame came where a binary one was due, or the reverse. */
export function wrongFrame(message: string): SluiceError {
  return new SluiceError('WRONG_FRAME_TYPE', message);
}

/**
 * Finds at once that a header can be none of the forms; the whole of it is read with the frame that follows.
 * @throws SluiceError `WRONG_FRAME_TYPE`, `INVALID_HEADER`
 */
export function assertHeader(header: Buffer, isBinary: boolean): void {
  if (isBinary) throw wrongFrame('a binary frame came where a text frame with the header was due');
  if (header[0] === OPEN_BRACKET && header[header.length - 1] === CLOSE_BRACKET) return;
  const text = header.toString().trim();
  if (text.startsWith('[') && text.endsWith(']')) return;
  throw new SluiceError('INVALID_HEADER', `push header ${quoteValue(text)} is not a JSON list`);
}
