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
  /** Of each key of a basket only so many of the newest ticks; 0: all. */
  readonly latest: number;
}

/** The messages of a batch as frames. Made once for all sockets that want the same. */
export function encodeTicks(channel: Channel, batch: EntryBatch, options: FrameOptions): readonly Uint8Array[] {
  const { keys, withSeq, latest } = options;
  const name = `ticks ${withSeq} ${latest} ${keys === null ? '*' : JSON.stringify([...keys].sort())}`;
  const known = batch.shared.get(name);
  if (known !== undefined) return known;
  const seqOf = (id: string): string => (withSeq ? `,"seq":${JSON.stringify(id)}` : '');
  const frames =
    channel.keys === null
      ? batch.entries.flatMap(({ id, payload }) => textFrame(message(channel.name, seqOf(id), payload)))
      : keyTicks(batch, options).flatMap(({ key, json, id }) =>
          textFrame(keyMessage(channel.name, key, json, seqOf(id))),
        );
  const total = frames.reduce((sum, frame) => sum + frame.length, 0);
  // One piece for each socket to hand on, instead of one for each message.
  const pieces = frames.length > 1 && total < JOINED_BELOW_BYTES ? [Buffer.concat(frames)] : frames;
  batch.shared.set(name, pieces);
  return pieces;
}

interface KeyTick {
  readonly id: string;
  readonly key: string;
  /** JSON list of its records. */
  readonly json: string;
}

/** What ticked on the keys that are wanted, in order. */
function keyTicks({ entries }: EntryBatch, { keys, latest }: FrameOptions): KeyTick[] {
  const ticks = entries.flatMap(({ id, payload }) =>
    basketLists(payload).flatMap(([key, json]) => (keys === null || keys.has(key) ? [{ id, key, json }] : [])),
  );
  if (latest === 0) return ticks;
  const counts = new Map<string, number>();
  const isNewest = ({ key }: KeyTick): boolean => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= latest;
  };
  return ticks.toReversed().filter(isNewest).toReversed();
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
