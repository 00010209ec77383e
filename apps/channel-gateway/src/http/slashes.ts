import { type RequestInterceptor, type Edge } from '@sluice/service-kit';

const API = '/api/v1/';
/** Their lists end with a slash, everything else without one. */
const GROUPS: ReadonlySet<string> = new Set(['last', 'next', 'lookup', 'send', 'state', 'stage', 'controls']);

/**
 * Sends clients of a path with one slash too few or too many to the right one, with 307 and an absolute address, before anybody
 * asks for a credential. Paths that are not served are not sent anywhere.
 * @param isServed whether a path is, under its right name
 */
export function slashRedirects(edge: Edge, isServed: (path: string) => boolean): RequestInterceptor {
  return (request, response) => {
    const url = request.url ?? '/';
    if (!url.startsWith(API)) return false;
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const right = rightPath(path);
    if (right === path || !isServed(right)) return false;
    const scheme = edge.isHttps(request) ? 'https' : 'http';
    const location = `${scheme}://${request.headers.host ?? 'localhost'}${right}${mark < 0 ? '' : url.slice(mark)}`;
    edge.decorate(request, response);
    response.writeHead(307, { location, 'content-length': 0 }).end();
    request.resume();
    return true;
  };
}

function rightPath(path: string): string {
  const bare = path.replace(/\/+$/, '');
  const [first = '', ...behind] = bare.slice(API.length).split('/');
  if (GROUPS.has(first) && behind.length === 0) return `${bare}/`;
  // What stands behind the name of a channel is a key or an id, to its last slash.
  return behind.length < 2 ? bare : path;
}
