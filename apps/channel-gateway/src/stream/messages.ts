import { burdenOf } from '../bodies/json-burden.js';

/** A message of a client, as far as it can be understood. */
export interface ClientMessage {
  readonly action: unknown;
  readonly channel: unknown;
  /** Undefined: none was given. */
  readonly key: unknown;
  readonly data: unknown;
  /** Asks for an answer that repeats it. */
  readonly ack: string | number | null;
  readonly snapshot: boolean;
  readonly since: unknown;
  readonly latest: unknown;
  readonly seq: boolean;
  readonly gaps: boolean;
}

const MAX_ACK_CHARS = 200;

/** Reads a message; a text says why it is none. */
export function readMessage(data: Uint8Array, isBinary: boolean): ClientMessage | string {
  if (isBinary) return 'a message is text';
  const burden = burdenOf(data);
  if (burden !== null) return `the message is not read: ${burden}`;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch {
    return 'the message is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the message is no JSON object';
  const {
    action,
    channel,
    key,
    data: content,
    ack,
    snapshot,
    since,
    latest,
    seq,
    gaps,
  } = value as Record<string, unknown>;
  return {
    action,
    channel,
    key,
    data: content,
    ack: isAck(ack) ? ack : null,
    snapshot: snapshot === true,
    since,
    latest,
    seq: seq === true,
    gaps: gaps === true,
  };
}

function isAck(value: unknown): value is string | number {
  return (typeof value === 'string' && value.length <= MAX_ACK_CHARS) || Number.isFinite(value);
}
