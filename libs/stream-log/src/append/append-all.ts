import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/contracts';
import { parseAppendId, type EntryId } from '@sluice/wire';
import { idempotencyField, idempotencyKeys } from '../keys.js';
import { text } from '../replies.js';
import { APPEND_ALL } from '../scripts/append-all.js';
import { type Argument } from '../resp/command-writer.js';
import { type Reply } from '../resp/parser.js';
import { type ScriptAppend } from './script-request.js';

/** An entry that is to be appended together with others. */
export interface NewEntry {
  readonly payload: Uint8Array;
  /** `<ms>-<seq>`, `<ms>-*` or `<ms>`; absent or null: one by Redis. */
  readonly id?: string | null;
  /** Beside `d`. */
  readonly fields?: readonly (readonly [name: string, value: Uint8Array])[];
}

export interface AppendAllOptions {
  /** The same key and entries are stored once, and answered with the same ids again. */
  readonly idempotencyKey?: string;
  /** How long an answer is remembered. Default 10 minutes. */
  readonly rememberMs?: number;
}

const SOURCE = Buffer.from(APPEND_ALL, 'utf8');
const REMEMBER_MS = 10 * 60_000;
/** More would not fit the stack of the script. */
const MAX_FIELDS = 1_000;
const MAX_IDEMPOTENCY_KEY_CHARS = 256;

/**
 * The script's command that appends the entries, all or none.
 * @throws SluiceError INVALID_ID, INVALID_PARAMETER
 */
export function appendAllScript(
  key: string,
  entries: readonly NewEntry[],
  options: AppendAllOptions,
  maxLen: number,
): ScriptAppend {
  const { keys, args } = keysAndArguments(key, entries, options, maxLen);
  return {
    // EVAL and not EVALSHA: a script that a node has not seen would cost the entry its place among the others.
    command: ['EVAL', SOURCE, keys.length, ...keys, ...args],
    byteCount: byteCountOf(entries),
    isRepeatable: options.idempotencyKey !== undefined,
  };
}

/** Sum of the payloads. */
export function byteCountOf(entries: readonly NewEntry[]): number {
  return entries.reduce((sum, { payload }) => sum + payload.byteLength, 0);
}

function keysAndArguments(
  key: string,
  entries: readonly NewEntry[],
  options: AppendAllOptions,
  maxLen: number,
): { readonly keys: readonly string[]; readonly args: readonly Argument[] } {
  const { idempotencyKey, rememberMs = REMEMBER_MS } = options;
  const body = entries.flatMap((entry, index) => entryArguments(entry, index));
  const bound = maxLen < 0 ? '' : maxLen;
  if (idempotencyKey === undefined) return { keys: [key], args: [bound, entries.length, '', '', 0, ...body] };
  if (idempotencyKey.length === 0 || idempotencyKey.length > MAX_IDEMPOTENCY_KEY_CHARS) {
    const message = `the idempotency key has ${idempotencyKey.length} characters: 1 to ${MAX_IDEMPOTENCY_KEY_CHARS}`;
    throw new SluiceError('INVALID_PARAMETER', message);
  }
  const field = idempotencyField(idempotencyKey);
  return {
    keys: [key, ...idempotencyKeys(key)],
    args: [bound, entries.length, field, digest(body), rememberMs, ...body],
  };
}

/** Reads the script's reply. @throws SluiceError ID_NOT_ABOVE_LAST, IDEMPOTENCY_CONFLICT */
export function readAppendAll(reply: Reply, key: string): EntryId[] {
  const [outcome, ...rest] = Array.isArray(reply) ? reply.map(text) : [];
  if (outcome === 'ok' || outcome === 'again') return rest;
  if (outcome === 'conflict') {
    const message = `the idempotency key was used before on "${key}" with other entries; nothing was written`;
    throw new SluiceError('IDEMPOTENCY_CONFLICT', message);
  }
  if (outcome !== 'low') throw new SluiceError('INTERNAL', `append to "${key}": the script answered ${outcome}`);
  const [index, id, last] = rest;
  const message = `entry id ${id} (entry ${index} of the push) is not above ${last}, the last id of "${key}"; nothing was written`;
  throw new SluiceError('ID_NOT_ABOVE_LAST', message, { details: { stream: key, index: Number(index), id, last } });
}

function entryArguments({ id, payload, fields = [] }: NewEntry, index: number): Argument[] {
  const parsed = id === undefined || id === null ? '*' : parseAppendId(id);
  if (parsed === null) {
    throw new SluiceError('INVALID_ID', `entry ${index} has the id "${id}": <ms>-<seq>, <ms>-* or <ms>, above 0-0`);
  }
  if (fields.length > MAX_FIELDS) {
    throw new SluiceError(
      'INVALID_PARAMETER',
      `entry ${index} has ${fields.length} fields beside "d": at most ${MAX_FIELDS}`,
    );
  }
  const more = fields.flatMap(([name, value]) => [Buffer.from(name, 'utf8'), value]);
  return [parsed, 2 + more.length, 'd', payload, ...more];
}

/** Of everything that is to be stored; each part with its length, so that no two lists of parts read alike. */
function digest(parts: readonly Argument[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = typeof part === 'object' ? part : Buffer.from(String(part), 'utf8');
    hash.update(`${bytes.byteLength}:`).update(bytes);
  }
  return hash.digest('hex');
}
