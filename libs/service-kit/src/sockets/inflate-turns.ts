/** What is being inflated, or was and is not taken yet, takes so much at the most over all sockets. */
const INFLATED_BYTES = 64 * 1024 * 1024;
/** Less is not worth counting. */
const COUNTED_FROM_BYTES = 64 * 1024;
/** A turn whose socket is not read on is given on after so long: what bounds the taker holds from then on. */
const MAX_KEPT_MS = 1000;

/** Room to inflate one frame. */
export interface Turn {
  /** May be called twice. */
  leave(): void;
  /** Leaves by itself a while later. */
  leaveLater(): void;
}

const NO_TURN: Turn = { leave: () => undefined, leaveLater: () => undefined };

interface Waiter {
  readonly bytes: number;
  readonly begin: (turn: Turn) => void;
}

/** Bounds what frames of all sockets are inflated to: they take turns, in the order they came. */
export class InflateTurns {
  readonly #waiting = new Set<Waiter>();
  /** Bytes that the turns under way may come to. */
  bytes = 0;

  /**
   * Begins at once, or when there is room.
   * @param mostBytes what the frame may come to
   * @returns gives up waiting
   */
  enter(mostBytes: number, begin: (turn: Turn) => void): () => void {
    if (mostBytes <= COUNTED_FROM_BYTES) {
      begin(NO_TURN);
      return () => undefined;
    }
    const waiter: Waiter = { bytes: mostBytes, begin };
    this.#waiting.add(waiter);
    this.#admit();
    return () => {
      if (this.#waiting.delete(waiter)) this.#admit();
    };
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.bytes > 0 && this.bytes + waiter.bytes > INFLATED_BYTES) return;
      this.#waiting.delete(waiter);
      waiter.begin(this.#turn(waiter.bytes));
    }
  }

  #turn(bytes: number): Turn {
    this.bytes += bytes;
    let timer: NodeJS.Timeout | null = null;
    let isOver = false;
    const leave = (): void => {
      if (isOver) return;
      isOver = true;
      if (timer !== null) clearTimeout(timer);
      this.bytes -= bytes;
      this.#admit();
    };
    const leaveLater = (): void => {
      timer ??= setTimeout(leave, MAX_KEPT_MS).unref();
    };
    return { leave, leaveLater };
  }
}
