import { type Fault } from '../records/faults.js';
import { unprocessable } from '../http/api-errors.js';

/** Deepest nesting of a body that is read. */
const MAX_DEPTH = 64;

/**
 * Reads JSON that a client sent.
 * @throws ApiError 422 in the dialect's words: no body, broken JSON, nested too deep
 */
export function readJson(body: unknown): unknown {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : '');
  if (bytes.length === 0) {
    throw unprocessable([{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  }
  if (depthOf(bytes) > MAX_DEPTH) throw broken(0, `nested deeper than ${MAX_DEPTH} levels`);
  const text = bytes.toString();
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const position = /position (\d+)/.exec(message)?.[1];
    throw broken(position === undefined ? text.length : Number(position), 'not valid JSON here');
  }
}

function broken(offset: number, error: string): Error {
  const fault: Fault = {
    type: 'json_invalid',
    loc: ['body', offset],
    msg: 'JSON decode error',
    input: {},
    ctx: { error },
  };
  return unprocessable([fault]);
}

/** Brackets outside of texts that are open at once, at most. */
export function depthOf(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (isInText) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isInText = false;
    } else if (byte === 0x22) isInText = true;
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return deepest;
}
