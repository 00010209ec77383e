import { type Mounted, type Group } from '../channels/mounted.js';

const API = '/api/v1/';
const ALONE: ReadonlySet<string> = new Set([
  'sql',
  'channels',
  'stream',
  'field',
  'channels_graph',
  'perspective/tables',
  'perspective/layouts',
  'perspective/meta',
]);
const GROUPS: readonly Group[] = ['last', 'next', 'lookup', 'send', 'stage'];

const NAMED: ReadonlySet<string> = new Set([...GROUPS, 'state', 'field', 'history']);

/** Whether a path of the API names a channel, a state or a field that is not served. */
export function namesNothing(mounted: Mounted, path: string): boolean {
  const [first = ''] = path.slice(API.length).split('/', 1);
  return NAMED.has(first) && !isServedPath(mounted, path);
}

/** Whether a path of the API, without query and with its slashes in order, is served. */
export function isServedPath(mounted: Mounted, path: string): boolean {
  const rest = path.slice(API.length);
  if (ALONE.has(rest)) return true;
  const [first = '', second = ''] = rest.split('/', 2);
  if (first === 'controls') return mounted.application.mounts.controls !== undefined;
  if (first === 'field') return mounted.fields.includes(second.replaceAll('-', '_'));
  if (first === 'state') return second === '' || mounted.states.find(second) !== null;
  if (first === 'history') return mounted.find('last', second) !== null;
  const group = GROUPS.find((one) => one === first);
  if (group === undefined) return false;
  return second === '' || (group === 'lookup' && second === 'id') || mounted.find(group, second) !== null;
}
