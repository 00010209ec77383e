import { type SentFrame } from './sent-frame.js';

/** Sent and not settled at most; more waits in the outbox, where it can still be refused without doubt. */
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_ENTRIES = 16 * 1024;

/** Frames that were sent and are not settled, in the order of their tags. */
export class InFlight {
  private readonly frames: SentFrame[] = [];
  private bytes = 0;
  private entries = 0;

  get isEmpty(): boolean {
    return this.frames.length === 0;
  }

  /** As much is on its way as may be. */
  get isFull(): boolean {
    return this.bytes >= MAX_BYTES || this.entries >= MAX_ENTRIES;
  }

  add(frame: SentFrame): void {
    this.frames.push(frame);
    this.bytes += frame.byteLength;
    this.entries += frame.entryCount;
  }

  /** Takes the oldest frame out if its tag is no higher than this one. */
  takeUpTo(tag: number): SentFrame | undefined {
    const [first] = this.frames;
    return first !== undefined && first.tag <= tag ? this.removeAt(0) : undefined;
  }

  /** Takes the frame of a tag out. */
  take(tag: number | undefined): SentFrame | undefined {
    const at = this.frames.findIndex((frame) => frame.tag === tag);
    return at < 0 ? undefined : this.removeAt(at);
  }

  /** Takes everything out, oldest first. */
  takeAll(): SentFrame[] {
    this.bytes = 0;
    this.entries = 0;
    return this.frames.splice(0);
  }

  private removeAt(at: number): SentFrame | undefined {
    const [frame] = this.frames.splice(at, 1);
    this.bytes -= frame?.byteLength ?? 0;
    this.entries -= frame?.entryCount ?? 0;
    return frame;
  }
}
