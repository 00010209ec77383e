import { type Fault } from '../records/faults.js';
import { unprocessable } from '../http/api-errors.js';
import { burdenOf } from './json-burden.js';

/**
 * Reads JSON that a client sent.
 * @throws ApiError 422 in the dialect's words: no body, broken JSON, or too much of it to be read
 */
export function readJson(body: unknown): unknown {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : '');
  if (bytes.length === 0) {
    throw unprocessable([{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  }
  const burden = burdenOf(bytes);
  if (burden !== null) throw broken(0, burden);
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
