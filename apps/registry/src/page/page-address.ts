import { type IncomingMessage } from 'node:http';

/** Where the page is. */
const PAGE_PATH = '/graphql/page';

/**
 * Sends a browser that opens `/graphql` to the page, which everybody may see: in strict mode it asks who somebody is, while queries at
 * the same address are for whoever is known.
 * @returns where the request goes
 */
export function addressOf({ method, url = '/', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): string {
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  if (method !== 'GET' || (path !== '/graphql' && path !== '/graphql/')) return url;
  const { accept = '' } = headers;
  const isForPage = accept.includes('text/html') || accept.includes('*/*');
  return isForPage && !new URLSearchParams(url.slice(path.length)).has('query') ? PAGE_PATH : url;
}
