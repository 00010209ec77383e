import { Buffer } from 'node:buffer';
import { type CommandWriter, encodeCommand } from '../resp/command-writer.js';
import { Fifo } from '../resp/fifo.js';
import { type RetentionSource } from '../retention-source.js';
import { type Shard } from '../shard.js';
import { type AppendRequest } from './request.js';
import { WriteWindow } from './write-window.js';

const FIELD_D = Buffer.from('$1\r\nd\r\n', 'latin1');
const FIELD_P = Buffer.from('$1\r\np\r\n', 'latin1');
/** Smaller payloads are copied behind their head; larger ones take the way that may leave them where they are. */
const COPIED_BELOW_BYTES = 4096;
const SERVER_ID = Buffer.from('$1\r\n*\r\n', 'latin1');

/** What this process knows about one stream it appends to: its encoded command heads, its recent rate, what is in flight. */
export class StreamWriter {
  /** The node its entries go to; a change of node waits until those in flight are settled, so order holds. */
  shard: Shard | null = null;
  /** Entries pushed and not settled, the held ones among them. */
  inflight = 0;
  /** Some entry in flight takes another way: later ones are held until nothing else is in flight. */
  isDetouring = false;
  readonly held = new Fifo<AppendRequest>();
  readonly window = new WriteWindow();
  isAnnounced = false;
  private readonly keyBytes: Buffer;
  private readonly plainHead: Buffer;
  private trimHead: Buffer;
  private maxLen = -1;
  private lastFlushNumber = -1;
  /** Everything of an XADD before its payload, for the length that came last: entries of one stream are often alike. */
  private plainEntryHead: Buffer | null = null;
  private plainEntryBytes = -1;

  constructor(
    readonly key: string,
    private readonly retention: RetentionSource,
  ) {
    this.keyBytes = Buffer.from(key, 'utf8');
    this.plainHead = encodeCommand(['XADD', this.keyBytes], 5);
    this.trimHead = this.plainHead;
  }

  /** Counts what a script is to append, and tells the `MAXLEN ~` it should carry; -1 for none. */
  note(entryCount: number, byteCount: number): number {
    for (let n = 0; n < entryCount; n++) this.window.add(byteCount / entryCount);
    this.refreshMaxLen();
    return this.maxLen;
  }

  /** Puts the XADD into `out`. The first entry of a turn carries the trimming for all of the turn. */
  encode(request: AppendRequest, out: CommandWriter, flushNumber: number): void {
    if (request.script !== null) return out.command(request.script);
    const trims = this.retention.trimsEveryEntry || flushNumber !== this.lastFlushNumber;
    if (flushNumber !== this.lastFlushNumber) {
      this.lastFlushNumber = flushNumber;
      this.refreshMaxLen();
    }
    this.window.add(request.payload.byteLength);
    const withTrim = trims && this.maxLen >= 0;
    if (request.fields !== null && request.fields.length > 0) return this.encodeWithFields(request, out, withTrim);
    if (!withTrim && request.id === null && !request.isPacked && request.payload.byteLength < COPIED_BELOW_BYTES) {
      return out.headed(this.entryHead(request.payload.byteLength), request.payload);
    }
    out.raw(withTrim ? this.trimHead : this.plainHead);
    if (request.id === null) out.raw(SERVER_ID);
    else out.bulk(Buffer.from(request.id, 'latin1'));
    out.raw(request.isPacked ? FIELD_P : FIELD_D);
    out.bulk(request.payload);
  }

  private entryHead(byteCount: number): Buffer {
    if (this.plainEntryHead === null || this.plainEntryBytes !== byteCount) {
      const bulkHead = Buffer.from(`$${byteCount}\r\n`, 'latin1');
      this.plainEntryHead = Buffer.concat([this.plainHead, SERVER_ID, FIELD_D, bulkHead]);
      this.plainEntryBytes = byteCount;
    }
    return this.plainEntryHead;
  }

  private encodeWithFields(request: AppendRequest, out: CommandWriter, withTrim: boolean): void {
    const trimming = withTrim ? ['MAXLEN', '~', this.maxLen] : [];
    const fields = (request.fields ?? []).flatMap(([name, value]) => [Buffer.from(name, 'utf8'), value]);
    out.command(['XADD', this.keyBytes, ...trimming, request.id ?? '*', 'd', request.payload, ...fields]);
  }

  private refreshMaxLen(): void {
    this.window.advance(Date.now());
    const maxLen = this.retention.maxLenFor(this.key, this.window);
    if (maxLen === this.maxLen) return;
    this.maxLen = maxLen;
    this.trimHead = maxLen < 0 ? this.plainHead : encodeCommand(['XADD', this.keyBytes, 'MAXLEN', '~', maxLen], 8);
  }
}
