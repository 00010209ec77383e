import { type IncomingMessage } from 'node:http';

/** A body has to come on by so much between two looks, unless we are the ones that do not read it. */
const CHECK_MS = 5_000;
const MIN_BYTES_A_CHECK = 5 * 1024;
const MAX_SLOW_CHECKS = 3;

/** What is told to whoever is too slow. */
export const SLOW_BODY = `a body has to bring ${MIN_BYTES_A_CHECK} bytes in ${CHECK_MS / 1000} s`;

interface Watched {
  readBytes: number;
  slowChecks: number;
}

/** Ends requests whose body trickles in: the time for a whole request alone lets thousands of them stay for minutes. */
export class SlowBodies {
  readonly #watched = new Map<IncomingMessage, Watched>();
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly end: (request: IncomingMessage) => void) {}

  watch(request: IncomingMessage): void {
    // Streams of one HTTP/2 connection share its counter; flow control and the time for a whole request bound those.
    if (request.httpVersionMajor === 2) return;
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    if (encoding === undefined && (length === undefined || length === '0')) return;
    this.#watched.set(request, { readBytes: request.socket.bytesRead, slowChecks: 0 });
    const forget = (): void => this.#forget(request);
    request.once('end', forget);
    request.once('close', forget);
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS).unref();
  }

  #forget(request: IncomingMessage): void {
    this.#watched.delete(request);
    if (this.#watched.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #check(): void {
    for (const [request, watched] of this.#watched) {
      const { bytesRead } = request.socket;
      // What lies here unread is not the client's fault.
      const isOurs = request.complete || request.readableLength > 0;
      const isSlow = !isOurs && bytesRead - watched.readBytes < MIN_BYTES_A_CHECK;
      watched.readBytes = bytesRead;
      watched.slowChecks = isSlow ? watched.slowChecks + 1 : 0;
      if (watched.slowChecks < MAX_SLOW_CHECKS) continue;
      this.#forget(request);
      this.end(request);
    }
  }
}
