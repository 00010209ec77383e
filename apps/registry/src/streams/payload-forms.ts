import { isUtf8 } from 'node:buffer';
import { SluiceError } from '@sluice/contracts';
import { type OperationContext } from '../graphql/operation-context.js';

const EMPTY = {};
/** Bytes of a form for one of the payload, about. */
const BASE64 = 4 / 3;
const TEXT = 1;
const JSON_TREE = 3;

/** A payload as text; where it is none, the empty text, with a word about it beside the data. */
export function textOf(payload: Uint8Array, field: string, context: OperationContext): string {
  if (!fits(payload.length * TEXT, field, context)) return '';
  if (isUtf8(payload)) return bytesOf(payload).toString('utf8');
  context.note({ code: 'INVALID_PARAMETER', field, message: 'the payload is not UTF-8' });
  return '';
}

/** A payload as the JSON it is; where it is none, or `null`, the empty object, with a word about it beside the data. */
export function jsonOf(payload: Uint8Array, field: string, context: OperationContext): unknown {
  if (!fits(payload.length * JSON_TREE, field, context)) return EMPTY;
  try {
    if (!isUtf8(payload)) throw new SyntaxError('the payload is not UTF-8');
    const value: unknown = JSON.parse(bytesOf(payload).toString('utf8'));
    if (value !== null) return value;
    context.note({ code: 'INVALID_PARAMETER', field, message: 'the payload is the JSON null' });
  } catch (error) {
    const message =
      error instanceof SyntaxError ? `the payload is not JSON: ${error.message}` : 'the payload is not JSON';
    context.note({ code: 'INVALID_PARAMETER', field, message: message.slice(0, 200) });
  }
  return EMPTY;
}

/** A payload in base64. */
export function base64Of(payload: Uint8Array, field: string, context: OperationContext): string {
  return fits(payload.length * BASE64, field, context) ? bytesOf(payload).toString('base64') : '';
}

/** Whether an answer has room for so much more; with a word beside the data when it has not. */
export function fits(bytes: number, field: string, context: OperationContext): boolean {
  try {
    context.share.grow(Math.ceil(bytes));
    return true;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    context.note({ code: error.code, field, message: error.message });
    return false;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
