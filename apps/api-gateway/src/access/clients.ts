import { type IncomingMessage } from 'node:http';
import { type Edge } from '@sluice/service-kit';

/** Where requests come from and how, as far as the proxies before us are believed. */
export class Clients {
  #edge: Edge | null = null;

  /** Says whose rules hold; the service makes them before its modules. */
  use(edge: Edge): void {
    this.#edge = edge;
  }

  /** @throws Error when nobody said whose rules hold */
  addressOf(request: IncomingMessage): string {
    return this.#rules.proxies.clientAddress(request);
  }

  /** Whether a request came over TLS, to us or to a proxy. @throws Error when nobody said whose rules hold */
  isOverTls(request: IncomingMessage): boolean {
    return this.#rules.isHttps(request);
  }

  get #rules(): Edge {
    if (this.#edge === null) throw new Error('a client was asked for before the service was there');
    return this.#edge;
  }
}
