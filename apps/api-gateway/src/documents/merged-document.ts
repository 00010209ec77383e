import { type OpenAPIObject } from '@nestjs/swagger';
import { type Upstream, type Upstreams } from '../proxy/services.js';
import { mergeDocuments, type ServiceDocument } from './openapi-merge.js';

const TIMEOUT_MS = 2000;
const FRESH_FOR_MS = 5000;

/** The whole system's OpenAPI document, fetched from the services when somebody looks at it. */
export class MergedDocument {
  readonly #lastSeen = new Map<string, OpenAPIObject>();
  #services: Promise<ServiceDocument[]> | null = null;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly upstreams: Upstreams) {}

  /** The gateway's document with those of all services; at most a few seconds old. */
  async with(own: OpenAPIObject): Promise<OpenAPIObject> {
    if (this.#services === null || performance.now() - this.#fetchedAtMs > FRESH_FOR_MS) {
      this.#fetchedAtMs = performance.now();
      this.#services = Promise.all(this.upstreams.list().map((service) => this.#fetch(service.next())));
    }
    const services = await this.#services;
    // A missing service is asked again at the next look.
    if (services.some(({ isFresh }) => !isFresh)) this.#services = null;
    return mergeDocuments(own, services);
  }

  async #fetch({ name, pool }: Upstream): Promise<ServiceDocument> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const { statusCode, body } = await pool.request({ path: '/api-docs/openapi.json', method: 'GET', signal });
      const document = (await body.json()) as OpenAPIObject;
      if (statusCode !== 200 || typeof document.paths !== 'object') throw new Error(`${name} answered ${statusCode}`);
      this.#lastSeen.set(name, document);
      return { service: name, document, isFresh: true };
    } catch {
      return { service: name, document: this.#lastSeen.get(name) ?? null, isFresh: false };
    }
  }
}
