import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type ServerHttp2Stream } from 'node:http2';
import { SluiceError } from '@sluice/contracts';
import { type Dispatcher } from 'undici';
import { isPassedBack } from './forwarded-headers.js';
import { type ForwardedBody } from './request-body.js';
import { type Replicas, type Upstream } from './services.js';

/** Answers up to this size are sent in one piece with their head. */
const JOIN_BELOW_BYTES = 12 * 1024;

/** What an exchange needs from the proxy that started it. */
export interface ExchangeOwner {
  fail(request: IncomingMessage, response: ServerResponse, error: SluiceError): void;
  ended(exchange: Exchange): void;
  /** Sends a request once more whose connection broke; false when it cannot be. */
  retry(exchange: Exchange): boolean;
  /** Sends a request to another replica that reached none; false when there is no other, or the body is gone. */
  turn(exchange: Exchange): boolean;
}

/** One request handed on to a service, and its answer handed back as it comes. */
export class Exchange implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | null = null;
  #isClientGone = false;
  #isLive = false;
  /** Declared size of the answer, when it is short enough to leave together with its head. */
  #shortBytes = -1;
  wasRetried = false;
  /** Replicas that were tried. */
  tried = 1;
  upstream: Upstream;
  body: ForwardedBody = null;

  constructor(
    private readonly owner: ExchangeOwner,
    readonly service: Replicas,
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {
    this.upstream = service.next();
    response.once('close', () => {
      this.#isClientGone = !response.writableFinished;
      if (this.#isClientGone) this.#controller?.abort(new Error('the client went away'));
      owner.ended(this);
    });
  }

  /** Whether the answer has no end of its own, such as a stream of events. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Ends a live answer in good order; its client knows how to go on. */
  endLive(): void {
    this.response.end();
    this.#controller?.abort(new Error('the gateway is stopping'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isClientGone) controller.abort(new Error('the client went away'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200 || this.response.headersSent) return;
    const raw = (controller.rawHeaders ?? []) as (Buffer | string)[];
    const headers: string[] = ['x-content-type-options', 'nosniff'];
    for (let at = 0; at < raw.length; at += 2) {
      const name = latin1(raw[at]);
      const lowered = name.toLowerCase();
      if (!isPassedBack(lowered) || lowered === 'x-content-type-options') continue;
      const value = latin1(raw[at + 1]);
      if (lowered === 'content-type') this.#isLive = value.startsWith('text/event-stream');
      if (lowered === 'content-length') this.#shortBytes = Number(value) <= JOIN_BELOW_BYTES ? Number(value) : -1;
      if (lowered === 'x-accel-buffering') this.#isLive = true;
      headers.push(name, value);
    }
    this.response.writeHead(status, headers);
    // The head of a live answer must not wait for its first event.
    if (this.#isLive) this.response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (chunk.length === this.#shortBytes) {
      // Head and body as one string are one plain write; as string and buffer they would be a gathered one, twice as dear.
      this.response.end(chunk.toString('latin1'), 'latin1');
      return;
    }
    if (this.response.write(chunk)) return;
    controller.pause();
    this.response.once('drain', () => {
      controller.resume();
    });
  }

  onResponseEnd(): void {
    if (!this.response.writableEnded) this.response.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isClientGone || this.response.writableEnded) return;
    if (this.response.headersSent) {
      cutShort(this.response);
      return;
    }
    if (isConnectionLost(error) && this.owner.retry(this)) return;
    if (isUnreached(error) && this.owner.turn(this)) return;
    this.owner.fail(this.request, this.response, this.#explain(error));
  }

  #explain(error: Error): SluiceError {
    if (error instanceof SluiceError) return error;
    const { name } = this.upstream;
    if (isConnectionLost(error) && this.request.method !== 'GET' && this.request.method !== 'HEAD') {
      const message = `${name} went away while it handled the request, which may have been carried out or not`;
      return new SluiceError('OUTCOME_UNKNOWN', message, { cause: error });
    }
    return unreachable(name, error);
  }
}

/** The refusal for a service that does not answer. */
export function unreachable(service: string, cause?: unknown): SluiceError {
  return new SluiceError(
    'SERVICE_UNAVAILABLE',
    `${service} is not reachable; try again when /health says it is ready`,
    {
      cause,
      details: { service },
    },
  );
}

/** Ends an answer so that half of it does not look like the whole. */
function cutShort(response: ServerResponse): void {
  // Closing an HTTP/2 stream would end it in good order first; only an error resets it.
  if ('stream' in response) (response.stream as ServerHttp2Stream).destroy(new Error('the service broke off'));
  else response.destroy();
}

/** Whether a connection broke that had been made, so that the request may have arrived. */
function isConnectionLost(error: Error): boolean {
  const code = 'code' in error ? error.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** Whether no connection came about: nothing of the request has left. */
function isUnreached(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : '';
  return UNREACHED.has(code);
}

const UNREACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Header bytes as Node's HTTP server writes them: one character a byte. */
function latin1(bytes: Buffer | string | undefined): string {
  if (bytes === undefined) return '';
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1');
}
