import { type IncomingMessage } from 'node:http';
import { type Socket } from 'node:net';
import { SluiceError } from '@sluice/contracts';
import { refuseUpgrade, usualRefusal, type Edge, type RateLimiter } from '@sluice/service-kit';
import { ownerOf } from '../routing/addresses.js';
import { unreachable } from './exchange.js';
import { upgradeHeaders } from './forwarded-headers.js';
import { type Replicas, type Upstreams } from './services.js';
import { UpgradePipe } from './upgrade-pipe.js';

/** Hands WebSocket upgrades over to their services as raw sockets. */
export class UpgradeProxy {
  readonly #pipes = new Set<UpgradePipe>();
  #isDraining = false;
  #emptied: (() => void) | null = null;
  /** Upgrades handed over since the start. */
  handedOver = 0;

  constructor(
    private readonly edge: Edge,
    private readonly upstreams: Upstreams,
    private readonly limiter: RateLimiter,
  ) {}

  /** Number of sockets joined now. */
  get openPipes(): number {
    return this.#pipes.size;
  }

  /** Handles the `upgrade` event of the HTTP server. */
  handle(request: IncomingMessage, client: Socket, head: Buffer): void {
    client.on('error', () => client.destroy());
    const refusal = this.#refusal(request);
    const service = this.upstreams.find(ownerOf(request.url ?? ''));
    if (refusal !== null) this.#refuse(request, client, refusal);
    else if (service === undefined) this.#refuse(request, client, noSocketHere(request));
    else {
      this.handedOver += 1;
      this.#join(request, client, head, service);
    }
  }

  /** Half-closes every pipe towards its service and waits until all have ended. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    for (const pipe of this.#pipes) pipe.halfClose();
    if (this.#pipes.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }

  /** Cuts every pipe. */
  stop(): void {
    for (const pipe of this.#pipes) pipe.destroy();
  }

  #refusal(request: IncomingMessage): SluiceError | null {
    if (this.#isDraining) return new SluiceError('SHUTTING_DOWN', 'The gateway is stopping; connect again');
    return this.edge.upgradeRefusal(request) ?? this.limiter.take(this.edge.proxies.clientAddress(request));
  }

  #refuse(request: IncomingMessage, client: Socket, error: SluiceError): void {
    const id = this.edge.requestId(request);
    refuseUpgrade(client, usualRefusal(error, id), id);
  }

  /** @param left replicas that may be tried */
  #join(
    request: IncomingMessage,
    client: Socket,
    head: Buffer,
    service: Replicas,
    left = service.upstreams.length,
  ): void {
    const upstream = service.next();
    const target = { host: upstream.host, port: upstream.port, head: Buffer.concat([this.#head(request), head]) };
    const pipe = new UpgradePipe(
      client,
      target,
      (error) => {
        service.leaveOut(upstream);
        if (left > 1) this.#join(request, client, head, service, left - 1);
        else this.#refuse(request, client, unreachable(service.name, error));
      },
      () => {
        this.#pipes.delete(pipe);
        if (this.#pipes.size === 0) this.#emptied?.();
      },
    );
    this.#pipes.add(pipe);
  }

  #head(request: IncomingMessage): Buffer {
    const headers = upgradeHeaders(request, this.edge);
    let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
    for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
    return Buffer.from(`${text}\r\n`, 'latin1');
  }
}

function noSocketHere(request: IncomingMessage): SluiceError {
  return new SluiceError('NO_SOCKET_HERE', `No WebSocket is served at ${(request.url ?? '').split('?', 1)[0]}`);
}
