import { SluiceError } from '@sluice/contracts';
import { encodeAck, type EntryId, type ServerMessage } from '@sluice/wire';
import { MAX_UNREAD_BYTES } from '../../ingest/ack-frames.js';
import { toSluiceError } from '../../streams/refusing.js';
import { frameHeadBytes, textFrame, writeFrameHead, type FrameWriter } from '@sluice/service-kit';

/** The sending half of a `sluice.v1` socket: control messages, acks, data frames. */
export class SessionWriter {
  private ackTag: number | null = null;
  private ackIds: EntryId[] = [];
  /** Bytes of acks and control messages since the socket was last drained. */
  private answerBytes = 0;

  /** @param onForbidden called with each error that tells of a missing right */
  constructor(
    private readonly writer: FrameWriter,
    private readonly onForbidden: () => void,
  ) {}

  get bufferedBytes(): number {
    return this.writer.bufferedBytes;
  }

  /** Whether the client leaves acks and control messages unread; data frames have bounds of their own. */
  get areAnswersUnread(): boolean {
    return this.answerBytes > MAX_UNREAD_BYTES;
  }

  onDrain(callback: () => void): void {
    this.writer.onDrain(() => {
      this.answerBytes = 0;
      callback();
    });
  }

  control(message: ServerMessage): void {
    const pieces = textFrame(JSON.stringify(message));
    for (const piece of pieces) this.answerBytes += piece.length;
    this.writer.write(pieces);
  }

  /** Tells an error that leaves the socket open: of a push (`tag`) or of a subscription (`sub`). */
  error(error: unknown, about: { readonly tag?: number; readonly sub?: number }): void {
    const { code, message, details, isRetryable } = toSluiceError(error);
    if (code === 'FORBIDDEN') this.onForbidden();
    const facts = details === undefined ? {} : { details };
    this.control({ error: { code, message, retryable: isRetryable, ...about, ...facts } });
  }

  /** As `ack`, for a push of one entry. */
  ackOne(tag: number, id: EntryId | null): void {
    if (this.ackTag === null) queueMicrotask(() => this.flushAcks());
    this.ackTag = tag;
    if (id !== null) this.ackIds.push(id);
  }

  /** Notes that every push up to `tag` is settled; one ack frame a turn says so. */
  ack(tag: number, ids: readonly EntryId[] | null): void {
    if (this.ackTag === null) queueMicrotask(() => this.flushAcks());
    this.ackTag = tag;
    if (ids !== null) for (const id of ids) this.ackIds.push(id);
  }

  flushAcks(): void {
    if (this.ackTag === null) return;
    const body = encodeAck(this.ackTag, this.ackIds);
    this.ackTag = null;
    this.ackIds = [];
    this.answerBytes += body.length;
    this.binary(body.length, [body]);
  }

  /** One binary frame of several pieces. */
  binary(bytes: number, pieces: readonly Uint8Array[]): void {
    const head = Buffer.allocUnsafe(frameHeadBytes(bytes));
    writeFrameHead(head, 0, false, bytes);
    this.writer.write([head, ...pieces]);
  }
}

/** The error of a subscription number that is not there. */
export function unknownSubscription(sub: number): SluiceError {
  return new SluiceError('NOT_FOUND', `there is no subscription ${sub} on this socket`);
}
