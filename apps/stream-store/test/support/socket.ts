import { WebSocket, type ClientOptions, type RawData } from 'ws';

/** One frame that a test's client received. */
export interface Frame {
  readonly text: string | null;
  readonly bytes: Buffer;
}

/** How a socket ended. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket client that keeps what it receives until the test asks for it. */
export class TestSocket {
  readonly closed: Promise<Closing>;
  private readonly frames: Frame[] = [];
  private readonly waiting: ((frame: Frame | null) => void)[] = [];
  private isClosed = false;

  private constructor(readonly ws: WebSocket) {
    ws.on('message', (data: RawData, isBinary: boolean) => {
      const bytes = data as Buffer;
      const frame = { text: isBinary ? null : bytes.toString(), bytes };
      const waiter = this.waiting.shift();
      if (waiter === undefined) this.frames.push(frame);
      else waiter(frame);
    });
    ws.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => {
        this.isClosed = true;
        for (const waiter of this.waiting.splice(0)) waiter(null);
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** @throws Error with the HTTP status when the upgrade is refused */
  static open(url: string, options: ClientOptions = {}, protocols: string[] = []): Promise<TestSocket> {
    const ws = new WebSocket(url, protocols, { perMessageDeflate: false, maxPayload: 0, ...options });
    const socket = new TestSocket(ws);
    return new Promise((resolve, reject) => {
      ws.once('open', () => resolve(socket));
      ws.once('unexpected-response', (_request, response) => {
        reject(new Refused(response.statusCode ?? 0));
        response.resume();
      });
      ws.once('error', reject);
    });
  }

  /** Frames received and not asked for yet. */
  get pending(): number {
    return this.frames.length;
  }

  send(data: string | Buffer): void {
    this.ws.send(data);
  }

  /** Sends a header and its payload, as a push socket expects them. */
  push(header: unknown, payload: Buffer | string): void {
    this.send(JSON.stringify(header));
    this.send(Buffer.from(payload));
  }

  /** The next frame. @throws Error when the socket ends first, or nothing comes in time */
  next(timeoutMs = 30_000): Promise<Frame> {
    const frame = this.frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.isClosed) return this.closed.then(describeEnd);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(new Error(`no frame within ${timeoutMs} ms`));
      }, timeoutMs);
      const waiter = (next: Frame | null): void => {
        clearTimeout(timer);
        if (next === null) this.closed.then(describeEnd).catch(reject);
        else resolve(next);
      };
      this.waiting.push(waiter);
    });
  }

  /** The next frame as JSON. */
  async json<T = unknown>(): Promise<T> {
    const { text, bytes } = await this.next();
    if (text === null) throw new Error(`a binary frame of ${bytes.length} bytes came where text was due`);
    return JSON.parse(text) as T;
  }

  /** The next frame as bytes. */
  async binary(): Promise<Buffer> {
    const { text, bytes } = await this.next();
    if (text !== null) throw new Error(`the text frame ${text} came where a binary one was due`);
    return bytes;
  }

  /** The next message of a pull socket: its header and its payload. */
  async message(): Promise<{ header: [string, string, number][]; payload: Buffer }> {
    return { header: await this.json(), payload: await this.binary() };
  }

  async close(): Promise<Closing> {
    this.ws.close();
    return this.closed;
  }
}

/** An upgrade that was answered with plain HTTP. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`the upgrade was refused with ${status}`);
  }
}

function describeEnd({ code, reason }: Closing): never {
  throw new Error(`the socket ended: ${code} ${reason}`);
}

/** Cuts a pull message into entries by the ends of its header. */
export function cut({ header, payload }: { header: [string, string, number][]; payload: Buffer }): {
  sid: string;
  id: string;
  text: string;
}[] {
  let start = 0;
  return header.map(([sid, id, end]) => {
    const text = payload.subarray(start, end).toString();
    start = end;
    return { sid, id, text };
  });
}
