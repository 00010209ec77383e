import { MAX_NAME_BYTES, assertName } from '../stream-name.js';
import { WireError, quoteValue } from '../wire-error.js';
import { parseEntryId, parsePosition, type EntryId } from '../entry-id.js';

/**
 * Where a follower begins: `$` (after the log's last id), `-` (at the first entry), after an entry id, or after one part of a
 * packed entry (`<ms>-<seq>/<index>`).
 */
export type Position = string;

/** Follow streams; the answer is `following`, then data frames with `sub` as tag. */
export interface FollowMessage {
  readonly op: 'follow';
  readonly sub: number;
  /** Stream name → position. */
  readonly streams: Readonly<Record<string, Position>>;
  /** Glob patterns of stream names; streams that appear later join at their first entry. */
  readonly patterns: readonly string[];
  /** Position for streams that a pattern finds at once. */
  readonly from: Position;
  /** Only the newest `latest` entries of a stream at a time, newest first; 0: every entry. */
  readonly latest: number;
  /** Data frames a second at most; 0: no limit. */
  readonly maxFps: number;
  /** Send extra fields. */
  readonly fields: boolean;
  /** Bytes of a data frame to aim at; 0: the server's choice. */
  readonly batchBytes: number;
  /** Bytes of data frames sent but not credited at most; 0: no limit. */
  readonly windowBytes: number;
  /** Consumer group to read through; null: an ordinary follower. */
  readonly group: string | null;
  readonly consumer: string | null;
  /** Take over entries that another consumer left unacknowledged this long; 0: never. */
  readonly claimIdleMs: number;
}

/** What a client says in text frames. */
export type ClientMessage =
  | FollowMessage
  | { readonly op: 'credit'; readonly sub: number; readonly bytes: number }
  | { readonly op: 'ack'; readonly sub: number; readonly stream: string; readonly ids: readonly EntryId[] }
  | { readonly op: 'unfollow'; readonly sub: number }
  | { readonly op: 'ping'; readonly n: number };

/** Entries between `after` and `next` are lost to the reader: trimmed (gap) or of a stream made anew (reset). */
export interface NoticeBody {
  readonly sub?: number;
  readonly sid: string;
  readonly after: EntryId;
  /** Id of the next entry sent; null when there is none yet. */
  readonly next: EntryId | null;
  /** Entries lost, where known. */
  readonly lost?: number | null;
}

/** What a server says in text frames. Every message has exactly one of these keys. */
export interface ServerMessage {
  readonly hello?: {
    readonly version: number;
    readonly server: string;
    readonly maxMessageBytes: number;
    readonly durability: string;
  };
  readonly following?: { readonly sub: number; readonly streams: Readonly<Record<string, EntryId>> };
  readonly joined?: { readonly sub: number; readonly sid: string; readonly after: EntryId };
  readonly unfollowed?: { readonly sub: number };
  readonly acked?: { readonly sub: number; readonly stream: string; readonly count: number };
  readonly gap?: NoticeBody;
  readonly reset?: NoticeBody;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly tag?: number;
    readonly sub?: number;
    readonly details?: unknown;
  };
  readonly pong?: { readonly n: number };
}

type Json = Readonly<Record<string, unknown>>;
const MAX_U32 = 0xffffffff;

function invalid(message: string): WireError {
  return new WireError('INVALID_HEADER', `control message: ${message}`);
}

function parseObject(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`${quoteValue(text)} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${quoteValue(value)} is not an object`);
  }
  return value as Json;
}

function wholeNumber(json: Json, key: string, fallback: number | null, max = Number.MAX_SAFE_INTEGER): number {
  const value = json[key] ?? fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max) return value;
  throw invalid(`"${key}" is ${quoteValue(json[key])}, not a whole number from 0 to ${max}`);
}

function rate(json: Json, key: string): number {
  const value = json[key] ?? 0;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw invalid(`"${key}" is ${quoteValue(value)}, not a number from 0 up`);
}

function flag(json: Json, key: string): boolean {
  const value = json[key] ?? false;
  if (typeof value === 'boolean') return value;
  throw invalid(`"${key}" is ${quoteValue(value)}, not true or false`);
}

function name(json: Json, key: string): string {
  const value = json[key];
  if (typeof value !== 'string') throw invalid(`"${key}" is ${quoteValue(value)}, not a name`);
  assertName(value, key);
  return value;
}

function strings(json: Json, key: string): string[] {
  const value = json[key] ?? [];
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
  throw invalid(`"${key}" is ${quoteValue(value)}, not a list of strings`);
}

function position(value: unknown, what: string): Position {
  if (value === '$' || value === '-') return value;
  const id = typeof value === 'string' ? parsePosition(value) : null;
  if (id !== null) return id;
  throw new WireError('INVALID_ID', `${what}: ${quoteValue(value)} is not a position ($, - or an entry id)`);
}

function positions(json: Json): Record<string, Position> {
  const value = json['streams'] ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`"streams" is ${quoteValue(value)}, not an object of name and position`);
  }
  const streams = Object.create(null) as Record<string, Position>;
  for (const [stream, at] of Object.entries(value)) {
    assertName(stream);
    streams[stream] = position(at, `position of ${quoteValue(stream)}`);
  }
  return streams;
}

function parsePatterns(json: Json): string[] {
  const patterns = strings(json, 'patterns');
  for (const pattern of patterns) assertName(pattern, `pattern (1 to ${MAX_NAME_BYTES} bytes)`);
  return patterns;
}

function parseFollow(json: Json): FollowMessage {
  const streams = positions(json);
  const patterns = parsePatterns(json);
  if (Object.keys(streams).length === 0 && patterns.length === 0)
    throw invalid('"follow" names no stream and no pattern');
  const group = json['group'] === undefined || json['group'] === null ? null : name(json, 'group');
  return {
    op: 'follow',
    sub: wholeNumber(json, 'sub', null, MAX_U32),
    streams,
    patterns,
    from: position(json['from'] ?? '$', '"from"'),
    latest: wholeNumber(json, 'latest', 0),
    maxFps: rate(json, 'maxFps'),
    fields: flag(json, 'fields'),
    batchBytes: wholeNumber(json, 'batchBytes', 0),
    windowBytes: wholeNumber(json, 'windowBytes', 0),
    group,
    consumer: group === null ? null : name(json, 'consumer'),
    claimIdleMs: wholeNumber(json, 'claimIdleMs', 0),
  };
}

function parseAck(json: Json): ClientMessage {
  const ids = strings(json, 'ids').map((text) => {
    const id = parseEntryId(text);
    if (id === null) throw new WireError('INVALID_ID', `control message: ${quoteValue(text)} is not an entry id`);
    return id;
  });
  return { op: 'ack', sub: wholeNumber(json, 'sub', null, MAX_U32), stream: name(json, 'stream'), ids };
}

/**
 * Reads a text frame of a client; what is missing gets its default, unknown keys are ignored.
 * @throws WireError `INVALID_HEADER`, `INVALID_NAME` or `INVALID_ID`
 */
export function parseClientMessage(text: string): ClientMessage {
  const json = parseObject(text);
  switch (json['op']) {
    case 'follow':
      return parseFollow(json);
    case 'credit':
      return { op: 'credit', sub: wholeNumber(json, 'sub', null, MAX_U32), bytes: wholeNumber(json, 'bytes', null) };
    case 'ack':
      return parseAck(json);
    case 'unfollow':
      return { op: 'unfollow', sub: wholeNumber(json, 'sub', null, MAX_U32) };
    case 'ping':
      return { op: 'ping', n: wholeNumber(json, 'n', 0) };
    default:
      throw invalid(`"op" is ${quoteValue(json['op'])}, not follow, credit, ack, unfollow or ping`);
  }
}

/**
 * Reads a text frame of a server: checks that it is an object; keys that a later version adds are left alone.
 * @throws WireError `INVALID_HEADER`
 */
export function parseServerMessage(text: string): ServerMessage {
  const json = parseObject(text);
  for (const [key, value] of Object.entries(json)) {
    if (typeof value !== 'object' || value === null) throw invalid(`"${key}" is ${quoteValue(value)}, not an object`);
  }
  return json as ServerMessage;
}
