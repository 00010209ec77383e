/** Who answers a path: the gateway itself, or the service of that name. */
export type Owner = 'api-gateway' | 'stream-store' | 'registry' | 'channel-gateway';

/** One path and everything below it. */
export interface Address {
  /** First segment of the path, or the first two where the second has an owner of its own; empty for `/` itself. */
  readonly path: string;
  readonly owner: Owner;
  /** What is there, for the documents. */
  readonly what: string;
}

/** Every path of the front door; each has one owner. */
export const ADDRESSES: readonly Address[] = [
  { path: '', owner: 'stream-store', what: 'greeting of the redis-streamer dialect; browsers get the page' },
  { path: 'data', owner: 'stream-store', what: 'redis-streamer dialect: push, pull, REST' },
  { path: 'graphql', owner: 'registry', what: 'devices, streams and metadata in GraphQL, also over WebSocket' },
  { path: 'v1', owner: 'stream-store', what: 'our own REST, and the WebSocket `/v1/socket`' },
  { path: 'v1/me', owner: 'api-gateway', what: 'who the caller is' },
  { path: 'v1/tokens', owner: 'api-gateway', what: 'logging out, and ending tokens' },
  { path: 'v1/users', owner: 'api-gateway', what: 'users and their rights' },
  { path: 'v1/keys', owner: 'api-gateway', what: 'API keys' },
  { path: 'v1/audit', owner: 'api-gateway', what: 'refusals and changes of rights' },
  { path: 'ptg', owner: 'stream-store', what: 'ptg dialect' },
  { path: 'ptg/token', owner: 'api-gateway', what: 'log-in of the ptg dialect' },
  { path: 'token', owner: 'api-gateway', what: 'log-in' },
  { path: 'health', owner: 'api-gateway', what: 'whether every service is ready' },
  { path: 'metrics', owner: 'api-gateway', what: 'metrics of the gateway in Prometheus text' },
  { path: 'api-docs', owner: 'api-gateway', what: 'one OpenAPI page and document for all services' },
  {
    path: 'api',
    owner: 'channel-gateway',
    what: 'channels: last, next, lookup, state, history, SQL, send, staging, controls, and the WebSocket `/api/v1/stream`',
  },
  {
    path: 'openapi.json',
    owner: 'channel-gateway',
    what: 'OpenAPI document of the channels, as their clients read it',
  },
  { path: 'docs', owner: 'channel-gateway', what: 'page of that document' },
  { path: 'redoc', owner: 'channel-gateway', what: 'redirects to `/docs`' },
  { path: 'channels_graph', owner: 'channel-gateway', what: 'page: who ticks and who reads each channel' },
  { path: 'outputs', owner: 'channel-gateway', what: 'files of a folder, where the application names one' },
  { path: 'ui-config', owner: 'channel-gateway', what: 'title, pictures and styles of the application, for pages' },
  { path: 'static', owner: 'channel-gateway', what: 'files of the channel gateway, for pages' },
  { path: 'img', owner: 'channel-gateway', what: 'pictures of the channel gateway, for pages' },
  { path: 'custom', owner: 'channel-gateway', what: 'pictures, styles and scripts that the application names' },
  { path: 'custom-assets', owner: 'channel-gateway', what: 'files of a folder that the application names, for pages' },
  { path: 'login', owner: 'channel-gateway', what: 'logs in with a key of the application, where it has some' },
  { path: 'logout', owner: 'channel-gateway', what: 'logs out again' },
  { path: 'page', owner: 'api-gateway', what: 'files of the page at `/`' },
  { path: 'favicon.ico', owner: 'api-gateway', what: 'icon of the page' },
];

/** Root paths of the ptg dialect's own door that are not `/ptg/…` of the front door, and what they are there. */
export const PTG_DOOR_ADDRESSES: ReadonlyMap<string, string> = new Map([
  ['health', '/health'],
  ['api-docs', '/api-docs'],
  ['docs', '/api-docs'],
  ['openapi.json', '/api-docs/openapi.json'],
  ['page', '/page'],
  ['favicon.ico', '/favicon.ico'],
]);

const OWNER_BY_PATH: ReadonlyMap<string, Owner> = new Map(ADDRESSES.map(({ path, owner }) => [path, owner]));
/** Roots below which a second segment may have another owner. */
const DIVIDED_ROOTS: ReadonlySet<string> = new Set(
  ADDRESSES.filter(({ path }) => path.includes('/')).map(({ path }) => path.split('/', 1)[0] as string),
);

/** Owner of a request target (`/path?query`); undefined when nobody serves it. */
export function ownerOf(target: string): Owner | undefined {
  if (!target.startsWith('/') || target.startsWith('//')) return undefined;
  const end = segmentEnd(target, 1);
  const root = target.slice(1, end);
  if (!DIVIDED_ROOTS.has(root)) return OWNER_BY_PATH.get(root);
  const second = target.slice(1, segmentEnd(target, end + 1));
  return OWNER_BY_PATH.get(second) ?? OWNER_BY_PATH.get(root);
}

/** What a target of the ptg dialect's own door is at the front door. Nothing but its beginning changes. */
export function fromPtgDoor(target: string): string {
  // Such as `*`, which is no path.
  if (!target.startsWith('/')) return target;
  const end = segmentEnd(target, 1);
  const own = PTG_DOOR_ADDRESSES.get(target.slice(1, end));
  return own === undefined ? `/ptg${target}` : own + target.slice(end);
}

/** Where the segment that starts here ends. */
function segmentEnd(target: string, start: number): number {
  let end = start;
  while (end < target.length && !isBoundary(target.charCodeAt(end))) end += 1;
  return end;
}

/** `/`, `?` or `#`. */
function isBoundary(code: number): boolean {
  return code === 47 || code === 63 || code === 35;
}
