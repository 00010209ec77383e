import { type Socket } from 'node:net';
import { SluiceError } from '@sluice/contracts';
import { type WebSocket } from 'ws';

/** Pings that a peer may send while it leaves what it was sent unread. */
const MAX_UNANSWERED = 1000;

/**
 * Answers pings. While the peer does not take what it was sent, only its latest ping waits for an answer, as RFC 6455 (5.5.3)
 * allows, so that pings never gather memory; a peer that goes on and on without reading is ended.
 */
export class PongWriter {
  #latest: Buffer | null = null;
  #unanswered = 0;

  /** @param onFlood told once, with the reason */
  constructor(
    private readonly ws: WebSocket,
    private readonly raw: Socket,
    private readonly onFlood: (error: SluiceError) => void,
  ) {
    ws.on('ping', (data: Buffer) => this.#take(data));
    raw.on('drain', () => this.#answerLatest());
  }

  #take(data: Buffer): void {
    if (this.ws.readyState !== this.ws.OPEN) return;
    if (!this.raw.writableNeedDrain) {
      this.ws.pong(data, false);
      return;
    }
    // What came is a view of a whole read, which must not be kept for it.
    this.#latest = Buffer.from(data);
    this.#unanswered += 1;
    if (this.#unanswered !== MAX_UNANSWERED) return;
    this.onFlood(new SluiceError('RATE_LIMITED', `${MAX_UNANSWERED} pings came and their answers are not read`));
  }

  #answerLatest(): void {
    const latest = this.#latest;
    this.#latest = null;
    this.#unanswered = 0;
    if (latest !== null) this.ws.pong(latest, false);
  }
}
