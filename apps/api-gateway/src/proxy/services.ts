import { Pool } from 'undici';
import { type Owner } from '../routing/addresses.js';

/** One replica of a service behind the gateway. */
export interface Upstream {
  readonly name: ServiceName;
  readonly host: string;
  readonly port: number;
  /** Connections for requests; as many as are wanted at a time, since streaming answers hold one each. */
  readonly pool: Pool;
}

export type ServiceName = Exclude<Owner, 'api-gateway'>;

const CONNECT_TIMEOUT_MS = 2000;
/** Answers list the entries they hold in a header. */
const MAX_HEADER_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 60_000;
/** How often replicas are asked whether they are ready, and how long that may take. */
const ASK_EVERY_MS = 1000;
const ASK_TIMEOUT_MS = 1500;

/** A service: its replicas take requests and sockets in turn, but for those that are known not to be ready. */
export class Replicas {
  readonly upstreams: readonly Upstream[];
  readonly #down = new Set<Upstream>();
  readonly #timer: NodeJS.Timeout | null;
  #turn = 0;

  constructor(
    readonly name: ServiceName,
    urls: readonly string[],
  ) {
    this.upstreams = urls.map((url) => createUpstream(name, new URL(url)));
    // There is nothing to choose from with one alone: it says itself what it cannot do.
    this.#timer = urls.length > 1 ? setInterval(() => this.#askAll(), ASK_EVERY_MS).unref() : null;
  }

  /** Whose turn it is. When none is ready, all have their turn. */
  next(): Upstream {
    const ready = this.#down.size === 0 ? this.upstreams : this.upstreams.filter((one) => !this.#down.has(one));
    const choice = ready.length > 0 ? ready : this.upstreams;
    this.#turn = (this.#turn + 1) % choice.length;
    return choice[this.#turn] as Upstream;
  }

  /** A replica could not be reached: it is left out until it says that it is ready. */
  leaveOut(upstream: Upstream): void {
    if (this.#timer !== null) this.#down.add(upstream);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await Promise.all(this.upstreams.map(({ pool }) => pool.destroy()));
  }

  #askAll(): void {
    for (const upstream of this.upstreams) {
      void isReady(upstream).then((ready) => {
        if (ready) this.#down.delete(upstream);
        else this.#down.add(upstream);
      });
    }
  }
}

/** The services behind the gateway by name. */
export class Upstreams {
  readonly #byName: ReadonlyMap<string, Replicas>;

  constructor(urls: Readonly<Record<ServiceName, readonly string[]>>) {
    const services = Object.entries(urls) as [ServiceName, readonly string[]][];
    this.#byName = new Map(services.map(([name, replicas]) => [name, new Replicas(name, replicas)]));
  }

  /** All services. */
  list(): Replicas[] {
    return [...this.#byName.values()];
  }

  /** The service that owns a path; undefined when that is the gateway itself or nobody. */
  find(owner: Owner | undefined): Replicas | undefined {
    return owner === undefined ? undefined : this.#byName.get(owner);
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map((service) => service.close()));
  }
}

async function isReady({ pool }: Upstream): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
    const { statusCode, body } = await pool.request({ path: '/health/ready', method: 'GET', signal });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

function createUpstream(name: ServiceName, url: URL): Upstream {
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
