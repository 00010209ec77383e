import { SluiceError } from '@sluice/contracts';

const MIB = 1024 * 1024;
/** What has come of all messages that are not whole yet takes so much at the most. */
export const UNFINISHED_BYTES = { small: 64 * MIB, large: 192 * MIB } as const;
/** Messages up to this size have a share of their own, so that a few large ones never stand in their way. */
const SMALL_BYTES = 2 * MIB;
/** Less is not worth counting. */
const COUNTED_FROM_BYTES = 16 * 1024;
/** Sockets that may wait for room: each keeps what one read brought. */
const MAX_WAITING = 1000;

/** While somebody waits, those who have room have to come on at this pace. */
const CHECK_MS = 500;
const MIN_BYTES_A_CHECK = 32 * 1024;
const MAX_IDLE_CHECKS = 2;
/** Whoever is not read for our own reasons is to blame much later. */
const MAX_UNREAD_CHECKS = 60;

/** A socket that sends messages. */
export interface Sender {
  readonly bytesRead: number;
  /** Its messages are not taken at the moment. */
  readonly isPaused: boolean;
  /** Reads no further until `goOn`. */
  hold(): void;
  goOn(): void;
  /** Ends it and forgets what has come of its message. */
  cut(error: SluiceError): void;
}

/** What a socket says of the message it is in: so many bytes it may have in all; 0 when there is none. */
export type TellUnfinished = (mostBytes: number) => void;

/**
 * Bounds what all sockets together have sent of messages that are not whole yet. A message gets room for all of it when it
 * begins, so that it can always end; a socket that finds none is not read until there is some. Whoever has room that others
 * wait for and does not come on is cut.
 */
export class UnfinishedMessages {
  readonly #small = new Share(UNFINISHED_BYTES.small);
  readonly #large = new Share(UNFINISHED_BYTES.large);
  #timer: NodeJS.Timeout | null = null;
  /** Sockets that were cut since the start. */
  cut = 0;

  /** Bytes that are given to messages now. */
  get bytes(): number {
    return this.#small.bytes + this.#large.bytes;
  }

  /** Sockets that wait for room now. */
  get waiting(): number {
    return this.#small.waiting.size + this.#large.waiting.size;
  }

  /** Adds a socket; it is to tell 0 when it has closed. */
  add(sender: Sender): TellUnfinished {
    const place: Place = { sender, share: null, bytes: 0, readBytes: 0, idleChecks: 0 };
    return (mostBytes) => this.#tell(place, mostBytes);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tell(place: Place, mostBytes: number): void {
    place.share?.leave(place);
    if (mostBytes <= COUNTED_FROM_BYTES) return;
    const share = mostBytes <= SMALL_BYTES ? this.#small : this.#large;
    place.bytes = mostBytes;
    if (share.enter(place)) return;
    if (share.waiting.size > MAX_WAITING) {
      this.#cut(place, `${MAX_WAITING} sockets wait already to send messages like this one of ${mostBytes} bytes`);
      return;
    }
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS).unref();
  }

  #check(): void {
    for (const share of [this.#small, this.#large]) {
      if (share.waiting.size === 0) continue;
      for (const place of share.idle()) {
        this.#cut(place, `a message of up to ${place.bytes} bytes does not come on, and others wait for its room`);
      }
    }
    if (this.waiting === 0) this.stop();
  }

  #cut(place: Place, reason: string): void {
    this.cut += 1;
    place.sender.cut(new SluiceError('OVERLOADED', reason));
    place.share?.leave(place);
  }
}

interface Place {
  readonly sender: Sender;
  share: Share | null;
  /** Most bytes of its message. */
  bytes: number;
  /** Its counter at the last check. */
  readBytes: number;
  idleChecks: number;
}

class Share {
  bytes = 0;
  readonly waiting = new Set<Place>();
  readonly #inside = new Set<Place>();

  constructor(private readonly maxBytes: number) {}

  /** False when it has to wait. */
  enter(place: Place): boolean {
    place.share = this;
    if (this.waiting.size === 0 && this.#take(place)) return true;
    this.waiting.add(place);
    place.sender.hold();
    return false;
  }

  leave(place: Place): void {
    place.share = null;
    if (this.waiting.delete(place)) place.sender.goOn();
    if (this.#inside.delete(place)) this.bytes -= place.bytes;
    for (const next of this.waiting) {
      if (!this.#take(next)) return;
      this.waiting.delete(next);
      next.sender.goOn();
    }
  }

  /** Those inside that have not come on for too long. */
  idle(): Place[] {
    return [...this.#inside].filter((place) => {
      const { bytesRead, isPaused } = place.sender;
      const isIdle = bytesRead - place.readBytes < MIN_BYTES_A_CHECK;
      place.idleChecks = isIdle ? place.idleChecks + 1 : 0;
      place.readBytes = bytesRead;
      return place.idleChecks > (isPaused ? MAX_UNREAD_CHECKS : MAX_IDLE_CHECKS);
    });
  }

  #take(place: Place): boolean {
    if (this.bytes + place.bytes > this.maxBytes) return false;
    this.bytes += place.bytes;
    place.idleChecks = 0;
    place.readBytes = place.sender.bytesRead;
    this.#inside.add(place);
    return true;
  }
}
