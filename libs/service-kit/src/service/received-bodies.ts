import { SluiceError } from '@sluice/contracts';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { Gauge, type Registry } from 'prom-client';

/** What has come of all request bodies whose requests are not answered yet, at the most. */
export const RECEIVED_BYTES = 128 * 1024 * 1024;
/** Who brings less than this in a second may be refused for the sake of others. */
const MIN_BYTES = 64 * 1024;
const MIN_BYTES_WITHIN_MS = 1000;

/** A request body that is coming in. */
export interface IncomingBody {
  /** So much more of it came. */
  add(bytes: number): void;
  /** All of it is there: it will not be refused any more. */
  complete(): void;
  /** Its request is answered. */
  close(): void;
}

interface Counted {
  bytes: number;
  /** Bytes that came since `paceAt`. */
  paceBytes: number;
  /** When it last came on at the pace that is wanted. */
  paceAt: number;
  readonly refuse: (error: SluiceError) => void;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What all request bodies together take. */
    readonly receivedBodies: ReceivedBodies;
  }
}

/**
 * Bounds what all clients together have a service keep of request bodies. Bodies count as far as they have come, whatever they
 * say of their size. When there is no more room, the one that has come on least is refused; when all come on, the one that
 * wants more.
 */
class ReceivedBodies {
  readonly #coming = new Set<Counted>();
  #bytes = 0;

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param refuse called at most once, with the reason, when the body is to be given up */
  open(refuse: (error: SluiceError) => void): IncomingBody {
    const body: Counted = { bytes: 0, paceBytes: 0, paceAt: performance.now(), refuse };
    this.#coming.add(body);
    return {
      add: (bytes) => this.#add(body, bytes),
      complete: () => void this.#coming.delete(body),
      close: () => this.#close(body),
    };
  }

  #add(body: Counted, bytes: number): void {
    if (!this.#coming.has(body)) return;
    body.bytes += bytes;
    body.paceBytes += bytes;
    this.#bytes += bytes;
    if (body.paceBytes >= MIN_BYTES) {
      body.paceBytes = 0;
      body.paceAt = performance.now();
    }
    while (this.#bytes > RECEIVED_BYTES && this.#coming.has(body)) this.#refuse(this.#slowest() ?? body);
  }

  #slowest(): Counted | null {
    let slowest: Counted | null = null;
    for (const body of this.#coming) {
      if (body.bytes >= MIN_BYTES && body.paceAt < (slowest?.paceAt ?? Infinity)) slowest = body;
    }
    const isSlow = slowest !== null && performance.now() - slowest.paceAt > MIN_BYTES_WITHIN_MS;
    return isSlow ? slowest : null;
  }

  #refuse(body: Counted): void {
    const reason = `the bodies of requests take more than the ${RECEIVED_BYTES} bytes that they may, and this one does not come on`;
    this.#close(body);
    body.refuse(new SluiceError('RATE_LIMITED', reason));
  }

  #close(body: Counted): void {
    this.#coming.delete(body);
    this.#bytes -= body.bytes;
    body.bytes = 0;
  }
}

/** Counts the bodies that the router gathers. Forms are read part by part: who keeps parts counts them. */
export function countBodies(fastify: FastifyInstance, registry: Registry): void {
  const bodies = new ReceivedBodies();
  new Gauge({
    name: 'sluice_http_received_bytes',
    help: 'What has come of bodies whose requests are not answered',
    registers: [registry],
    collect() {
      this.set(bodies.bytes);
    },
  });
  fastify.decorate('receivedBodies', bodies);
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (!isForm(request)) {
      const body = bodies.open((error) => {
        // The router's parser lets go of what it has; the rest of the body is read and forgotten.
        payload.emit('error', error);
        request.raw.resume();
      });
      payload.on('data', (chunk: Buffer) => body.add(chunk.length));
      payload.once('end', () => body.complete());
      reply.raw.once('close', () => body.close());
    }
    done(null, payload);
  });
}

function isForm({ headers }: FastifyRequest): boolean {
  return headers['content-type']?.toLowerCase().startsWith('multipart/') === true;
}
