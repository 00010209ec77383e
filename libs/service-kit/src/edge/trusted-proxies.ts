import { type IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { ConfigError } from '../config/define-config.js';

/** The proxies whose forwarded headers are believed. */
export class TrustedProxies {
  readonly #networks = new BlockList();
  readonly #isEmpty: boolean;

  /**
   * @param entries addresses, networks (`10.0.0.0/8`) or the word `loopback`
   * @throws ConfigError naming an entry that is none of these
   */
  constructor(entries: readonly string[]) {
    this.#isEmpty = entries.length === 0;
    for (const entry of entries) this.#add(entry);
  }

  /** Whether this peer address is one of the proxies. */
  has(address: string | undefined): boolean {
    if (this.#isEmpty || address === undefined) return false;
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && this.#networks.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }

  /** Address of the client: the nearest one in `x-forwarded-for` that is not itself a trusted proxy. */
  clientAddress(request: IncomingMessage): string {
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    const forwarded = request.headers['x-forwarded-for'];
    if (forwarded === undefined || !this.has(peer)) return peer;
    const hops = String(forwarded)
      .split(',')
      .map((hop) => plainAddress(hop.trim()));
    let client = peer;
    for (const hop of hops.toReversed()) {
      if (isIP(hop) === 0) return client;
      client = hop;
      if (!this.has(hop)) return client;
    }
    return client;
  }

  #add(entry: string): void {
    if (entry === 'loopback') {
      this.#networks.addSubnet('127.0.0.0', 8, 'ipv4');
      this.#networks.addAddress('::1', 'ipv6');
      return;
    }
    const [address = '', prefix, ...rest] = entry.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix);
    const isValid =
      family !== 0 && rest.length === 0 && Number.isInteger(bits) && bits >= 0 && bits <= (family === 6 ? 128 : 32);
    if (!isValid) {
      throw new ConfigError([`SLUICE_TRUSTED_PROXIES has "${entry}", which is no address, network or \`loopback\``]);
    }
    this.#networks.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** IPv4 addresses as dual-stack sockets write them, made plain. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
