/** Who answers a path: the gateway itself, or the service of that name. */
export type Owner = 'api-gateway' | 'stream-store';

/** One root path and everything below it. */
export interface Address {
  /** First segment of the path; empty for `/` itself. */
  readonly root: string;
  readonly owner: Owner;
  /** What is there, for the documents. */
  readonly what: string;
}

/** Every root path of the front door; each has one owner. */
export const ADDRESSES: readonly Address[] = [
  { root: '', owner: 'stream-store', what: 'greeting of the redis-streamer dialect; browsers get the page' },
  { root: 'data', owner: 'stream-store', what: 'redis-streamer dialect: push, pull, REST' },
  { root: 'v1', owner: 'stream-store', what: 'our own REST, and the WebSocket `/v1/socket`' },
  { root: 'health', owner: 'api-gateway', what: 'whether every service is ready' },
  { root: 'metrics', owner: 'api-gateway', what: 'metrics of the gateway in Prometheus text' },
  { root: 'api-docs', owner: 'api-gateway', what: 'one OpenAPI page and document for all services' },
  { root: 'docs', owner: 'api-gateway', what: 'redirects to `/api-docs`' },
  { root: 'page', owner: 'api-gateway', what: 'files of the page at `/`' },
  { root: 'favicon.ico', owner: 'api-gateway', what: 'icon of the page' },
];

const OWNER_BY_ROOT: ReadonlyMap<string, Owner> = new Map(ADDRESSES.map(({ root, owner }) => [root, owner]));

/** Owner of a request target (`/path?query`); undefined when nobody serves it. */
export function ownerOf(target: string): Owner | undefined {
  if (!target.startsWith('/') || target.startsWith('//')) return undefined;
  let end = 1;
  while (end < target.length && !isBoundary(target.charCodeAt(end))) end += 1;
  return OWNER_BY_ROOT.get(target.slice(1, end));
}

/** `/`, `?` or `#`. */
function isBoundary(code: number): boolean {
  return code === 47 || code === 63 || code === 35;
}
