import { type AddressInfo, type Socket } from 'node:net';
import { type Certificates } from '../tls/certificates.js';
import { createSecureListener } from '../tls/secure-listener.js';
import { refuseBrokenRequest } from './broken-requests.js';
import { type HttpListener, type RequestGate, type RequestHandler, createHttpListener } from './http-server.js';

const IDLE_CHECK_MS = 20;

/** One more port of a service, where its paths have other names. */
export interface DoorOptions {
  /** Name in logs. */
  readonly name: string;
  /** 0: any free one. */
  readonly port: number;
  /** Setting that moves the port. */
  readonly variable: string;
  /** What a request target (`/path?query`) of this door is at the service's main port. */
  target(target: string): string;
}

/** A port that another process has; the message names the setting that moves it. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';

  constructor(port: number, variable: string, what: string, cause: unknown) {
    super(`Port ${port} is taken by another process; ${variable} moves ${what} to another`, { cause });
  }
}

interface Door {
  readonly options: DoorOptions | null;
  readonly listener: HttpListener;
}

/** All ports a service listens on: its main one, and those beside it. They open and close together. */
export class Doors {
  readonly #doors: Door[] = [];

  constructor(
    private readonly host: string,
    private readonly gate: RequestGate,
    private readonly extra: readonly DoorOptions[],
    private readonly certificates: Certificates | null,
  ) {}

  /** Makes the servers in front of this router, none of which listens yet; the result is the main one's. */
  create(handler: RequestHandler): HttpListener['server'] {
    const main = this.#listener(this.gate, handler);
    this.#doors.push({ options: null, listener: main });
    for (const options of this.extra) {
      const listener = this.#listener({ ...this.gate, target: (target) => options.target(target) }, handler);
      listener.server.on('clientError', (error: Error, socket: Socket) => refuseBrokenRequest(error, socket));
      this.#doors.push({ options, listener });
    }
    return main.server;
  }

  /** Hands upgrades of every door to one handler. */
  onUpgrade(handle: Parameters<typeof takeUpgrades>[1]): void {
    for (const door of this.#doors) takeUpgrades(door, handle);
  }

  /** URL of the main door, which must listen. */
  get url(): string {
    return this.#urlOf((this.#doors[0] as Door).listener);
  }

  /**
   * Opens the doors beside the main one; resolves with their URLs by name.
   * @throws PortTakenError when another process has a port
   */
  async listen(): Promise<ReadonlyMap<string, string>> {
    const urls = new Map<string, string>();
    for (const { options, listener } of this.#doors) {
      if (options === null) continue;
      await this.#listenOn(listener, options);
      urls.set(options.name, this.#urlOf(listener));
    }
    return urls;
  }

  /** Takes no new connections anywhere; resolves when the requests of the present ones are answered. */
  async stopListening(): Promise<void> {
    await Promise.all(this.#doors.map(({ listener }) => stop(listener)));
  }

  /** Cuts every connection. */
  cut(): void {
    for (const { listener } of this.#doors) listener.cut();
  }

  #listener(gate: RequestGate, handler: RequestHandler): HttpListener {
    if (this.certificates === null) return createHttpListener(gate, handler);
    return createSecureListener(gate, handler, this.certificates);
  }

  #urlOf({ server, scheme }: HttpListener): string {
    const { port } = server.address() as AddressInfo;
    return `${scheme}://${this.host.includes(':') ? `[${this.host}]` : this.host}:${port}`;
  }

  async #listenOn({ server }: HttpListener, { name, port, variable }: DoorOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (error: NodeJS.ErrnoException): void => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(isTaken ? new PortTakenError(port, variable, `the door "${name}"`, error) : error);
    };
    server.once('error', fail);
    server.listen({ host: this.host, port }, resolve);
    await promise;
    server.removeListener('error', fail);
  }
}

function takeUpgrades(
  { options, listener }: Door,
  handle: (...upgrade: [request: Parameters<RequestHandler>[0], socket: Socket, head: Buffer]) => Promise<void> | void,
): void {
  listener.server.on('upgrade', (request, socket, head) => {
    if (options !== null) request.url = options.target(request.url ?? '/');
    void handle(request, socket as Socket, head);
  });
}

function stop({ server, endIdle }: HttpListener): Promise<void> {
  if (!server.listening) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  // A kept-alive connection becomes idle when its last answer is out, and would stay open for more requests.
  const timer = setInterval(endIdle, IDLE_CHECK_MS);
  server.close(() => {
    clearInterval(timer);
    resolve();
  });
  endIdle();
  return promise;
}
