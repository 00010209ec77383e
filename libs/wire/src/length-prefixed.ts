import { WireError } from './wire-error.js';

const PREFIX_BYTES = 4;

/** Several byte strings as one: each with its length before it as an unsigned 32-bit number, big-endian. */
export function encodeLengthPrefixed(items: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const item of items) total += PREFIX_BYTES + item.length;
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const item of items) {
    view.setUint32(at, item.length);
    out.set(item, at + PREFIX_BYTES);
    at += PREFIX_BYTES + item.length;
  }
  return out;
}

/**
 * Reads length-prefixed items from chunks cut anywhere. Holds at most one unfinished item; items that lie whole within a
 * chunk are views of it.
 */
export class LengthPrefixedReader {
  private readonly head = new Uint8Array(PREFIX_BYTES);
  private headBytes = 0;
  private item: Uint8Array | null = null;
  private itemBytes = 0;

  /** @param maxItemBytes longest item accepted */
  constructor(private readonly maxItemBytes = 16 * 1024 * 1024) {}

  /** Bytes of the item that is not whole yet, prefix included. */
  get pendingBytes(): number {
    return this.headBytes + this.itemBytes;
  }

  /**
   * Takes a chunk and returns the items that it completes, in order.
   * @throws WireError `MESSAGE_TOO_LARGE` when an item announces more than the limit
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const items: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.item !== null) at = this.continueItem(chunk, at, items);
      else at = this.startItem(chunk, at, items);
    }
    return items;
  }

  /**
   * Says that no chunk follows.
   * @throws WireError `INVALID_FRAME` when an item was cut short
   */
  end(): void {
    if (this.pendingBytes > 0) {
      throw new WireError('INVALID_FRAME', `the input ends ${this.pendingBytes} bytes into an unfinished item`);
    }
  }

  private startItem(chunk: Uint8Array, from: number, items: Uint8Array[]): number {
    let at = from;
    while (this.headBytes < PREFIX_BYTES && at < chunk.length) this.head[this.headBytes++] = chunk[at++] as number;
    if (this.headBytes < PREFIX_BYTES) return at;
    const bytes = new DataView(this.head.buffer).getUint32(0);
    if (bytes > this.maxItemBytes) {
      throw new WireError('MESSAGE_TOO_LARGE', `an item of ${bytes} bytes is above the limit of ${this.maxItemBytes}`);
    }
    if (chunk.length - at >= bytes) {
      this.headBytes = 0;
      items.push(chunk.subarray(at, at + bytes));
      return at + bytes;
    }
    this.item = new Uint8Array(bytes);
    this.itemBytes = 0;
    return at;
  }

  private continueItem(chunk: Uint8Array, from: number, items: Uint8Array[]): number {
    const item = this.item as Uint8Array;
    const part = chunk.subarray(from, from + item.length - this.itemBytes);
    item.set(part, this.itemBytes);
    this.itemBytes += part.length;
    if (this.itemBytes === item.length) {
      items.push(item);
      this.item = null;
      this.itemBytes = 0;
      this.headBytes = 0;
    }
    return from + part.length;
  }
}
