import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { RegistryConfig } from '../config.js';
import { AnswerShare, type AnswerReader } from './answer-share.js';

/** An answer of so many bytes is small: it does not wait for large ones. */
const SMALL_BYTES = 64 * 1024;
/** Operations that are worked at; those that wait for memory are not among them. */
const MAX_ACTIVE = 32;
/** Large answers that are made at a time: the others wait before they read anything. */
const MAX_LARGE = 2;
const MAX_WAITING = 1_000;
/** How long somebody waits for memory before an error. */
const PATIENCE_MS = 60_000;
/** Of the time a reader may take nothing, what goes off for each further one that waits, and what is left at least. */
const SOONER = 0.1;
const LEAST = 0.2;
const LOOK_EVERY_MS = 200;

interface Waiter {
  readonly share: AnswerShare;
  /** Null: to begin at all. */
  readonly bytes: number | null;
  readonly sinceMs: number;
  grant(): void;
  refuse(error: SluiceError): void;
}

/**
 * The memory of all answers of this process, those that are made and those that wait to be read, over sockets and HTTP. What finds none
 * waits, in order; small answers pass the large ones. The oldest of those that are made may go on when all memory is with
 * others that are made, so that they never wait for each other. It holds at most twice its limit.
 */
@Injectable()
export class AnswerMemory implements OnApplicationShutdown {
  /** Most bytes of one answer. */
  readonly maxAnswerBytes: number;
  private readonly limitBytes: number;
  private readonly stallMs: number;
  private readonly making = new Set<AnswerShare>();
  /** Those that are made and not small, in the order they became so. */
  private readonly large = new Set<AnswerShare>();
  private readonly unread = new Set<AnswerShare>();
  private waiting: Waiter[] = [];
  /** How many of those that are made do not wait. */
  private active = 0;
  private usedBytes = 0;
  private unreadBytes = 0;
  private feedBytes = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor({ answerMemoryBytes, stallMs }: RegistryConfig) {
    this.stallMs = stallMs;
    this.limitBytes = answerMemoryBytes;
    this.maxAnswerBytes = Math.floor(answerMemoryBytes / 2);
  }

  /** Bytes of answers, entries that wait for subscriptions, and how many wait for memory. */
  stats(): { readonly usedBytes: number; readonly feedBytes: number; readonly waiting: number } {
    return { usedBytes: this.usedBytes, feedBytes: this.feedBytes, waiting: this.waiting.length };
  }

  onApplicationShutdown(): void {
    this.stopLooking();
    for (const { refuse } of this.waiting.splice(0)) refuse(overloaded('the registry stops'));
  }

  /** Begins an answer for a reader. @throws SluiceError OVERLOADED */
  async begin(reader: AnswerReader): Promise<AnswerShare> {
    const share = new AnswerShare(this, reader);
    this.making.add(share);
    this.active += 1;
    try {
      await this.wait(share, null);
    } catch (error) {
      share.end();
      throw error;
    }
    return share;
  }

  /** Gives a share so many bytes when there is room. @throws SluiceError OVERLOADED */
  async wait(share: AnswerShare, bytes: number | null): Promise<void> {
    if (share.isEnded || share.reader.isClosed) throw overloaded('its reader is gone');
    if (this.waiting.length === 0 && this.canGrant(share, bytes)) return this.grant(share, bytes);
    if (this.waiting.length >= MAX_WAITING) throw overloaded(`${MAX_WAITING} operations wait for it`);
    await new Promise<void>((grant, refuse) => {
      this.setWaits(share, share.waits + 1);
      this.waiting.push({ share, bytes, sinceMs: performance.now(), grant, refuse });
      this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
      this.pass();
    });
  }

  /** Bytes that are there already. */
  give(share: AnswerShare, bytes: number): void {
    share.heldBytes += bytes;
    this.usedBytes += bytes;
    if (this.unread.has(share)) this.unreadBytes += bytes;
  }

  /** A share holds less. */
  giveBack(share: AnswerShare, bytes: number): void {
    this.give(share, -bytes);
    this.pass();
  }

  /** An answer is made and waits to be read. */
  made(share: AnswerShare): void {
    if (!this.leave(share)) return;
    this.unread.add(share);
    this.unreadBytes += share.heldBytes;
    this.pass();
  }

  /** Nothing is left of an answer. */
  end(share: AnswerShare): void {
    this.give(share, -share.heldBytes);
    this.leave(share);
    this.unread.delete(share);
    const [gone, waiting] = [[] as Waiter[], [] as Waiter[]];
    for (const waiter of this.waiting) (waiter.share === share ? gone : waiting).push(waiter);
    this.waiting = waiting;
    for (const { refuse } of gone) refuse(overloaded('its reader is gone'));
    this.pass();
  }

  /** Whether entries may be kept for a subscription that does not ask for them now. */
  get hasRoomForFeeds(): boolean {
    return this.feedBytes < this.limitBytes / 4;
  }

  /** Entries that a subscription keeps until it is asked; negative: no more. */
  keepForFeed(bytes: number): void {
    this.feedBytes += bytes;
  }

  private canGrant(share: AnswerShare, bytes: number | null): boolean {
    if (bytes === null) return this.active - (share.waits === 0 ? 1 : 0) < MAX_ACTIVE;
    if (isSmall(share, bytes)) return true;
    const isLarge = this.large.has(share);
    if (!isLarge && this.large.size >= MAX_LARGE) return false;
    if (this.usedBytes + bytes <= this.limitBytes) return true;
    const [oldest = share] = this.large;
    return this.unreadBytes <= this.maxAnswerBytes && oldest === share;
  }

  private grant(share: AnswerShare, bytes: number | null): void {
    if (bytes !== null && !isSmall(share, bytes)) this.large.add(share);
    this.give(share, bytes ?? 0);
  }

  private setWaits(share: AnswerShare, waits: number): void {
    if (this.making.has(share)) this.active += Number(waits === 0) - Number(share.waits === 0);
    share.waits = waits;
  }

  /** @returns whether the answer was being made until now */
  private leave(share: AnswerShare): boolean {
    if (!this.making.delete(share)) return false;
    this.large.delete(share);
    if (share.waits === 0) this.active -= 1;
    return true;
  }

  /** Lets those go on for whom there is room: in order, but for small answers. */
  private pass(): void {
    if (this.waiting.length === 0) return this.stopLooking();
    let isBlocked = false;
    const waiting: Waiter[] = [];
    for (const waiter of this.waiting) {
      const { share, bytes } = waiter;
      const mayPass = !isBlocked || bytes === null || isSmall(share, bytes) || this.large.has(share);
      if (mayPass && this.canGrant(share, bytes)) {
        this.setWaits(share, share.waits - 1);
        this.grant(share, bytes);
        waiter.grant();
      } else {
        isBlocked ||= bytes !== null;
        waiting.push(waiter);
      }
    }
    this.waiting = waiting;
  }

  /** Ends the places of readers that take nothing, and the patience of those that wait. */
  private look(): void {
    const now = performance.now();
    const stallMs = this.stallMs * Math.max(LEAST, 1 - SOONER * (this.waiting.length - 1));
    for (const { reader } of [...this.unread]) if (now - reader.tookAtMs > stallMs) reader.cut();
    for (const { share, sinceMs, refuse } of [...this.waiting]) {
      if (now - sinceMs > PATIENCE_MS) refuse(overloaded(`none was free for ${PATIENCE_MS / 1_000} s`));
      else if (!share.reader.isClosed) continue;
      share.end();
    }
  }

  private stopLooking(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}

function isSmall({ heldBytes }: AnswerShare, bytes: number): boolean {
  return heldBytes + bytes <= SMALL_BYTES;
}

function overloaded(why: string): SluiceError {
  return new SluiceError('OVERLOADED', `there is no memory for another large answer: ${why}`);
}
