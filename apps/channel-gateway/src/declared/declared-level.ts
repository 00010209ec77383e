import { findIn } from '../channels/aliases.js';
import { type Mounted } from '../channels/mounted.js';

const API = '/api/v1/';
/** What has nothing to do with channels, or only with those of the application. */
const APART: ReadonlySet<string> = new Set(['auth', 'controls', 'field']);
const NAMED: ReadonlySet<string> = new Set(['last', 'next', 'lookup', 'send', 'stage', 'history']);
const ABOUT: ReadonlySet<string> = new Set(['/openapi.json', '/channels_graph', '/docs']);

/**
 * Whether a request may be about a channel that another replica knows and this one does not yet: such a one is looked for before it
 * is said that there is none. Requests for known channels ask nobody.
 */
export function needsDeclarations({ catalogue, states }: Mounted, url: string): boolean {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (!path.startsWith(API)) return ABOUT.has(path) || path.startsWith('/docs/');
  const [group = '', name = ''] = path.slice(API.length).split('/', 2);
  if (NAMED.has(group)) return findIn(catalogue.channels, name) === null;
  if (group === 'state') return findIn(states.all, name) === null;
  return !APART.has(group);
}
