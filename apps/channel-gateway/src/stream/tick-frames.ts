import { textFrame } from '@sluice/service-kit';
import { type EntryBatch } from '@sluice/stream-log';
import { basketLists } from '../channels/payloads.js';
import { type Channel } from '../engine/catalogue.js';

/** What a subscription wants of a channel. */
export interface FrameOptions {
  /** Keys of a basket; null: all of them, or a channel that has none. */
  readonly keys: ReadonlySet<string> | null;
  /** Messages carry the id of their entry as `seq`. */
  readonly withSeq: boolean;
}

/** The messages of a batch as frames. Made once for all sockets that want the same. */
export function encodeTicks(channel: Channel, batch: EntryBatch, options: FrameOptions): readonly Uint8Array[] {
  const { keys, withSeq } = options;
  const name = `ticks ${withSeq} ${keys === null ? '*' : JSON.stringify([...keys].sort())}`;
  const known = batch.shared.get(name);
  if (known !== undefined) return known;
  const frames = batch.entries.flatMap(({ id, payload }) => {
    const seq = withSeq ? `,"seq":${JSON.stringify(id)}` : '';
    if (channel.keys === null) return textFrame(message(channel.name, seq, payload));
    return basketLists(payload)
      .filter(([key]) => keys === null || keys.has(key))
      .flatMap(([key, json]) => textFrame(keyMessage(channel.name, key, json, seq)));
  });
  const total = frames.reduce((sum, frame) => sum + frame.length, 0);
  // One piece for each socket to hand on, instead of one for each message.
  const pieces = frames.length > 1 && total < JOINED_BELOW_BYTES ? [Buffer.concat(frames)] : frames;
  batch.shared.set(name, pieces);
  return pieces;
}

/** The message that a key of a basket ticks. */
export function keyMessage(channel: string, key: string, json: string, seq = ''): string {
  return `{"channel":"${channel}","key":${JSON.stringify(key)},"data":${json}${seq}}`;
}

/** The message that a channel ticks. */
export function message(channel: string, seq: string, json: Uint8Array | string): Uint8Array {
  const head = Buffer.from(`{"channel":"${channel}","data":`);
  const body = typeof json === 'string' ? Buffer.from(json) : json;
  return Buffer.concat([head, body, Buffer.from(`${seq}}`)]);
}

const JOINED_BELOW_BYTES = 1024 * 1024;
