import { hostnameOf, isAddress, isLoopbackName } from './loopback.js';

/**
 * Which Host headers are served. A web page whose name was made to resolve to this machine (DNS rebinding) still sends
 * its own name: so names other than loopback ones must be listed. Addresses in figures cannot be rebound; they are
 * served when the service listens beyond loopback.
 */
export class HostPolicy {
  readonly #allowed: ReadonlySet<string>;
  readonly #acceptsAll: boolean;
  readonly #acceptsAddresses: boolean;
  #lastAccepted = '';

  constructor(options: { allowedHosts: readonly string[]; listenHost: string }) {
    this.#allowed = new Set([...options.allowedHosts, options.listenHost].map((host) => host.toLowerCase()));
    this.#acceptsAll = this.#allowed.has('*');
    this.#acceptsAddresses = !isLoopbackName(options.listenHost);
  }

  /** Whether a request with this Host header is served; one without (HTTP/1.0) comes from no browser. */
  isAllowed(hostHeader: string | undefined): boolean {
    if (this.#acceptsAll || hostHeader === undefined || hostHeader === this.#lastAccepted) return true;
    const hostname = hostnameOf(hostHeader);
    if (hostname === null || !this.#isAllowedName(hostname)) return false;
    this.#lastAccepted = hostHeader;
    return true;
  }

  #isAllowedName(hostname: string): boolean {
    return isLoopbackName(hostname) || this.#allowed.has(hostname) || (this.#acceptsAddresses && isAddress(hostname));
  }
}
