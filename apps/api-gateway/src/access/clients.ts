import { type IncomingMessage } from 'node:http';
import { type Edge } from '@sluice/service-kit';

/** Where requests come from, as far as the proxies before us are believed. */
export class Clients {
  #edge: Edge | null = null;

  /** Says whose rules hold; the service makes them before its modules. */
  use(edge: Edge): void {
    this.#edge = edge;
  }

  /** @throws Error when nobody said whose rules hold */
  addressOf(request: IncomingMessage): string {
    if (this.#edge === null) throw new Error('the address of a client was asked for before the service was there');
    return this.#edge.proxies.clientAddress(request);
  }
}
