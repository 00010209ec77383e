import { SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { text } from '../replies.js';
import { type Argument } from '../resp/command-writer.js';
import { type Reply, ReplyError } from '../resp/parser.js';
import { type ReplyHandler } from '../resp/connection.js';
import { type AppendSink } from '../types.js';
import { type AppendLane } from './lane.js';
import { type StreamWriter } from './stream-writer.js';

/** Bytes an entry costs on the way beside its payload: head, key, bookkeeping. */
const OVERHEAD_BYTES = 128;

/** One entry on its way to the log; it is its own reply handler, so a push allocates this and nothing else. */
export class AppendRequest implements ReplyHandler {
  lane: AppendLane | null = null;
  /** Redirections and retries so far. */
  attempts = 0;
  /** Counted among the in-flight entries of its stream. */
  isCounted = false;
  /** Set when this request waits for a connection. */
  waitingSinceMs = 0;
  /** It was sent once, and its reply was lost. */
  mayBeStored = false;

  constructor(
    readonly writer: StreamWriter,
    readonly payload: Uint8Array,
    readonly sink: AppendSink,
    readonly token: number,
    /** Explicit id, or null for one by Redis. */
    readonly id: string | null,
    readonly fields: readonly (readonly [string, Uint8Array])[] | null,
    /** The payload is a packed entry. */
    readonly isPacked: boolean,
  ) {}

  get byteCost(): number {
    return this.payload.byteLength + OVERHEAD_BYTES;
  }

  /** The script that stores it, instead of an XADD. */
  get script(): readonly Argument[] | null {
    return null;
  }

  /** Sending it twice stores it once. */
  get isRepeatable(): boolean {
    return false;
  }

  reply(value: Reply): void {
    if (value instanceof ReplyError) this.lane?.refused(this, value);
    else this.lane?.appended(this, text(value));
  }

  lost(): void {
    this.lane?.lostReply(this);
  }

  /** Tells the sink, whose fault must not stop the other entries. */
  settle(id: EntryId | null, error: SluiceError | null): void {
    if (error) this.sink.onRefused(this.token, error);
    else this.sink.onAppended(this.token, id ?? '');
  }
}
