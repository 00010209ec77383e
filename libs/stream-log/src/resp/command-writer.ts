import { Buffer } from 'node:buffer';

const SLAB_BYTES = 64 * 1024;
/** Larger values are handed to the socket by reference; smaller ones are cheaper to copy than to write apart. */
const BY_REFERENCE_BYTES = 16 * 1024;
const CRLF = 0x0a0d;

/** `$<n>\r\n` for every length that occurs often, made once. */
const bulkHeads: Buffer[] = [];
function bulkHead(length: number): Buffer {
  return (bulkHeads[length] ??= Buffer.from(`$${length}\r\n`, 'latin1'));
}

export type Argument = string | number | Uint8Array;

/** RESP bytes of a whole or partial command, for heads that are sent again and again. */
export function encodeCommand(args: readonly Argument[], argumentCount = args.length): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${argumentCount}\r\n`, 'latin1')];
  for (const arg of args) {
    const bytes = typeof arg === 'object' ? arg : Buffer.from(String(arg), 'utf8');
    parts.push(Buffer.from(`$${bytes.byteLength}\r\n`, 'latin1'), bytes, Buffer.from('\r\n', 'latin1'));
  }
  return Buffer.concat(parts);
}

/**
 * Collects the commands of one event-loop turn as few buffers: heads and small values share slabs, large values stay where
 * they are. A slab's bytes are never written twice, so what was handed to a socket may wait there.
 */
export class CommandWriter {
  private slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private start = 0;
  private end = 0;
  private pieces: Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.end === this.start && this.pieces.length === 0;
  }

  /** Already encoded bytes. */
  raw(bytes: Uint8Array): void {
    if (bytes.byteLength > BY_REFERENCE_BYTES) return this.reference(bytes);
    this.reserve(bytes.byteLength);
    this.slab.set(bytes, this.end);
    this.end += bytes.byteLength;
  }

  /** One bulk string argument. */
  bulk(bytes: Uint8Array): void {
    const length = bytes.byteLength;
    if (length < 4096) {
      const head = bulkHead(length);
      this.reserve(head.length + length + 2);
      this.slab.set(head, this.end);
      this.slab.set(bytes, this.end + head.length);
      this.end += head.length + length;
      this.slab.writeUInt16LE(CRLF, this.end);
      this.end += 2;
      return;
    }
    this.raw(Buffer.from(`$${length}\r\n`, 'latin1'));
    this.raw(bytes);
    this.reserve(2);
    this.slab.writeUInt16LE(CRLF, this.end);
    this.end += 2;
  }

  /** Encoded bytes that end with the head of a bulk string, then that string; for small values sent by the thousand. */
  headed(head: Uint8Array, value: Uint8Array): void {
    const total = head.byteLength + value.byteLength + 2;
    this.reserve(total);
    this.slab.set(head, this.end);
    this.slab.set(value, this.end + head.byteLength);
    this.end += total;
    this.slab.writeUInt16LE(CRLF, this.end - 2);
  }

  command(args: readonly Argument[]): void {
    this.raw(Buffer.from(`*${args.length}\r\n`, 'latin1'));
    for (const arg of args) this.bulk(typeof arg === 'object' ? arg : Buffer.from(String(arg), 'utf8'));
  }

  /** Hands out everything collected so far and starts anew. */
  take(): Uint8Array[] {
    this.cut();
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  private cut(): void {
    if (this.end > this.start) this.pieces.push(this.slab.subarray(this.start, this.end));
    this.start = this.end;
  }

  private reference(bytes: Uint8Array): void {
    this.cut();
    this.pieces.push(bytes);
  }

  private reserve(byteCount: number): void {
    if (this.end + byteCount <= this.slab.length) return;
    this.cut();
    this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, byteCount));
    this.start = 0;
    this.end = 0;
  }
}
