import { Pool } from 'undici';
import { type Owner } from '../routing/addresses.js';

/** A service behind the gateway. */
export interface Upstream {
  readonly name: Exclude<Owner, 'api-gateway'>;
  readonly host: string;
  readonly port: number;
  /** Connections for requests; as many as are wanted at a time, since streaming answers hold one each. */
  readonly pool: Pool;
}

const CONNECT_TIMEOUT_MS = 2000;
/** Answers list the entries they hold in a header. */
const MAX_HEADER_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 60_000;

/** The services behind the gateway by name. */
export class Upstreams {
  readonly #byName: ReadonlyMap<string, Upstream>;

  constructor(urls: Readonly<Record<Upstream['name'], string>>) {
    this.#byName = new Map(
      Object.entries(urls).map(([name, url]) => [name, createUpstream(name as Upstream['name'], new URL(url))]),
    );
  }

  /** All services. */
  list(): Upstream[] {
    return [...this.#byName.values()];
  }

  /** The service that owns a path; undefined when that is the gateway itself or nobody. */
  find(owner: Owner | undefined): Upstream | undefined {
    return owner === undefined ? undefined : this.#byName.get(owner);
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map(({ pool }) => pool.destroy()));
  }
}

function createUpstream(name: Upstream['name'], url: URL): Upstream {
  const pool = new Pool(url.origin, {
    connections: null,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Answers may wait for data for as long as their client does; the client's end is what ends them.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: { timeout: CONNECT_TIMEOUT_MS, noDelay: true },
  });
  return { name, host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port === '' ? 80 : url.port), pool };
}
