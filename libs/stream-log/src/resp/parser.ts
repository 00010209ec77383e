import { Buffer } from 'node:buffer';

/** An error reply of Redis; `code` is its first word (`WRONGTYPE`, `MOVED`, `OOM`, `ERR` …). */
export class ReplyError {
  readonly code: string;
  constructor(readonly message: string) {
    const space = message.indexOf(' ');
    this.code = space < 0 ? message : message.slice(0, space);
  }
}

/** Bulk strings are views of the received chunk; maps are flat lists of key, value, key, value. */
export type Reply = string | number | boolean | null | Buffer | ReplyError | Reply[];

interface Aggregate {
  readonly items: Reply[];
  remaining: number;
  readonly isPush: boolean;
  readonly isAttribute: boolean;
}

const CR = 13;
const LF = 10;
const NO_BYTES = Buffer.alloc(0);

/**
 * Resumable RESP2/RESP3 parser. `feed` takes what the socket delivered; replies and out-of-band pushes come out whole, in order.
 * A bulk string that spans chunks is assembled once in a buffer of its own, so its cost stays linear.
 */
export class RespParser {
  private chunk: Buffer = NO_BYTES;
  private position = 0;
  private readonly stack: Aggregate[] = [];
  private bulk: Buffer | null = null;
  private bulkFilled = 0;

  constructor(
    private readonly onReply: (reply: Reply) => void,
    private readonly onPush: (items: Reply[]) => void,
  ) {}

  /** @throws Error when the bytes are not RESP: the connection is beyond repair. */
  feed(chunk: Buffer): void {
    const rest = this.chunk.length - this.position;
    this.chunk = rest > 0 ? Buffer.concat([this.chunk.subarray(this.position), chunk]) : chunk;
    this.position = 0;
    while (this.bulk ? this.fillBulk(this.bulk) : this.readLine());
    if (this.position === this.chunk.length) {
      this.chunk = NO_BYTES;
      this.position = 0;
    }
  }

  /** What is missing of the bulk string under way, as the memory it belongs to; null when the next bytes are to be fed. */
  missing(): Buffer | null {
    return this.bulk === null ? null : this.bulk.subarray(this.bulkFilled);
  }

  /** So many bytes were put into what is missing. */
  filled(count: number): void {
    this.bulkFilled += count;
  }

  /** Takes more bytes of the bulk string under way; false when they are not all here yet. */
  private fillBulk(bulk: Buffer): boolean {
    const wanted = bulk.length - this.bulkFilled;
    const available = this.chunk.length - this.position;
    if (wanted > 0) {
      const taken = Math.min(wanted, available);
      this.chunk.copy(bulk, this.bulkFilled, this.position, this.position + taken);
      this.bulkFilled += taken;
      this.position += taken;
    }
    if (this.bulkFilled < bulk.length || this.chunk.length - this.position < 2) return false;
    this.position += 2;
    this.bulk = null;
    this.deliver(bulk);
    return true;
  }

  private readLine(): boolean {
    const { chunk } = this;
    const start = this.position;
    const end = chunk.indexOf(CR, start);
    if (end < 0 || end + 1 >= chunk.length) return false;
    if (chunk[end + 1] !== LF) throw new Error('reply is not RESP: carriage return without line feed');
    this.position = end + 2;
    const type = chunk[start];
    switch (type) {
      case 0x24: // $ bulk
      case 0x3d: // = verbatim
        return this.startBulk(this.integer(start + 1, end));
      case 0x3a: // :
        this.deliver(this.integer(start + 1, end));
        return true;
      case 0x2b: // +
        this.deliver(chunk.toString('latin1', start + 1, end));
        return true;
      case 0x2d: // -
        this.deliver(new ReplyError(chunk.toString('utf8', start + 1, end)));
        return true;
      default:
        return this.readRare(type ?? 0, start + 1, end);
    }
  }

  private readRare(type: number, start: number, end: number): boolean {
    switch (type) {
      case 0x2a: // *
      case 0x7e: // ~
        this.startAggregate(this.integer(start, end), false, false);
        return true;
      case 0x3e: // >
        this.startAggregate(this.integer(start, end), true, false);
        return true;
      case 0x25: // %
        this.startAggregate(this.integer(start, end) * 2, false, false);
        return true;
      case 0x7c: // | attribute of the reply that follows
        this.startAggregate(this.integer(start, end) * 2, false, true);
        return true;
      case 0x5f: // _
        this.deliver(null);
        return true;
      case 0x23: // #
        this.deliver(this.chunk[start] === 0x74);
        return true;
      case 0x2c: // ,
        this.deliver(Number(this.chunk.toString('latin1', start, end)));
        return true;
      case 0x28: // ( big number
        this.deliver(this.chunk.toString('latin1', start, end));
        return true;
      default:
        throw new Error(`reply is not RESP: type byte ${type}`);
    }
  }

  private startBulk(length: number): boolean {
    if (length < 0) {
      this.deliver(null);
      return true;
    }
    const end = this.position + length;
    if (end + 2 <= this.chunk.length) {
      const value = this.chunk.subarray(this.position, end);
      this.position = end + 2;
      this.deliver(value);
      return true;
    }
    this.bulk = Buffer.allocUnsafeSlow(length);
    this.bulkFilled = 0;
    return this.fillBulk(this.bulk);
  }

  private startAggregate(length: number, isPush: boolean, isAttribute: boolean): void {
    if (length < 0) return this.deliver(null);
    const aggregate = { items: [], remaining: length, isPush, isAttribute };
    if (length === 0) return this.finish(aggregate);
    this.stack.push(aggregate);
  }

  private deliver(value: Reply): void {
    const top = this.stack.at(-1);
    if (!top) return this.onReply(value);
    top.items.push(value);
    if (--top.remaining === 0) {
      this.stack.pop();
      this.finish(top);
    }
  }

  private finish(aggregate: Aggregate): void {
    if (aggregate.isAttribute) return;
    if (aggregate.isPush && this.stack.length === 0) return this.onPush(aggregate.items);
    this.deliver(aggregate.items);
  }

  private integer(start: number, end: number): number {
    const { chunk } = this;
    const negative = chunk[start] === 0x2d;
    let value = 0;
    for (let index = negative ? start + 1 : start; index < end; index++)
      value = value * 10 + ((chunk[index] ?? 0) - 48);
    return negative ? -value : value;
  }
}
