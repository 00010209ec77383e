import { type FastifyInstance } from 'fastify';

/** The routes a service has, to tell an unknown path from an unknown method. Only asked when a request found no route. */
export class RouteTable {
  readonly #routes: { pattern: RegExp; methods: readonly string[] }[] = [];

  /** Records every route that is added from now on. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      this.#routes.push({ pattern: toPattern(url), methods: [method].flat() });
    });
  }

  /** Methods served at a path, sorted; empty when the path is unknown. */
  allowedMethods(path: string): string[] {
    const matching = this.#routes.filter(({ pattern }) => pattern.test(path));
    return [...new Set(matching.flatMap(({ methods }) => methods))].sort();
  }
}

function toPattern(url: string): RegExp {
  const parts = url
    .replace(/\/$/, '')
    .split('/')
    .map((part) => {
      if (part.startsWith(':')) return '[^/]+';
      return part === '*' ? '.*' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    });
  return new RegExp(`^${parts.join('/')}/?$`);
}
