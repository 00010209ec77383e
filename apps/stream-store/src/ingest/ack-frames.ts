import { type EntryId } from '@sluice/wire';
import { textFrame, type FrameWriter } from '@sluice/service-kit';

const TEXT_HEAD = '\x81';
/** Bytes of answers that a client may leave unread. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
const SMALL_FRAME_CHARS = 125;

/** How a dialect writes the ids of a message: `[opening, between, closing]`. Ids are digits, `-` and `/`, and need no escapes. */
export type AckForm = readonly [opening: string, between: string, closing: string];

/** `["<id>","<id>"]` */
export const JSON_ACKS: AckForm = ['["', '","', '"]'];
/** `<id>,<id>` */
export const COMMA_ACKS: AckForm = ['', ',', ''];

/**
 * Acknowledgements of a push socket: one text frame a message with its ids. All of one event-loop turn are made as one buffer and
 * leave in one write.
 */
export class AckFrames {
  /** Whole frames as Latin-1 text: ids are digits, and a small frame's head is two bytes. */
  private text = '';
  private isScheduled = false;
  private readonly opening: string;
  private readonly between: string;
  private readonly closing: string;
  private readonly formChars: number;

  constructor(
    private readonly writer: FrameWriter,
    form: AckForm,
  ) {
    [this.opening, this.between, this.closing] = form;
    this.formChars = this.opening.length + this.closing.length;
  }

  /** The ack of a message of one entry. */
  addOne(id: EntryId): void {
    // An id has at most 41 characters: the frame is a small one.
    this.text += `${TEXT_HEAD}${String.fromCharCode(id.length + this.formChars)}${this.opening}${id}${this.closing}`;
    this.schedule();
  }

  add(ids: readonly EntryId[]): void {
    const body = this.opening + ids.join(this.between) + this.closing;
    this.text +=
      body.length <= SMALL_FRAME_CHARS
        ? TEXT_HEAD + String.fromCharCode(body.length) + body
        : Buffer.concat(textFrame(body)).toString('latin1');
    this.schedule();
  }

  /** Whether the client leaves its acknowledgements unread; what it goes on to push would only add to them. */
  get areUnread(): boolean {
    return this.writer.bufferedBytes > MAX_UNREAD_BYTES;
  }

  /** Hands what is gathered to the socket now. */
  flush(): void {
    this.isScheduled = false;
    if (this.text === '') return;
    this.writer.write([Buffer.from(this.text, 'latin1')]);
    this.text = '';
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    queueMicrotask(() => this.flush());
  }
}
