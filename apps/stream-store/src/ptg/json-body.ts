import { SluiceError } from '@sluice/contracts';
import { ParameterError } from '../dialect/parameters.js';

/** Deepest nesting of a body that is read. */
const MAX_DEPTH = 100;

/** A JSON object of a client. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a request's body as a JSON object.
 * @param body bytes as they came; anything else when there is no body
 * @throws ParameterError in the shape of the dialect; SluiceError `MESSAGE_TOO_LARGE`
 */
export function readJsonObject(body: unknown, maxBytes: number): JsonObject {
  if (!Buffer.isBuffer(body) || body.length === 0) throw fault('field required', 'value_error.missing');
  if (body.length > maxBytes) {
    throw new SluiceError('MESSAGE_TOO_LARGE', `the body has ${body.length} bytes, more than ${maxBytes}`);
  }
  if (depthOf(body) > MAX_DEPTH) throw fault(`nested deeper than ${MAX_DEPTH} levels`, 'value_error.jsondecode');
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw fault('the body is not JSON', 'value_error.jsondecode');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw fault('value is not a valid dict', 'type_error.dict');
}

function fault(msg: string, type: string): ParameterError {
  return new ParameterError([{ loc: ['body'], msg, type }]);
}

/** Brackets outside strings that are open at once, at most. */
function depthOf(json: Buffer): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (isInString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return deepest;
}
