import { SluiceError } from './errors.js';
import { RIGHTS, type Right, isRight } from './rights.js';

/** What one scope text allows. */
export interface Scope {
  /** One right, or both of a kind (`stream:*`). */
  readonly rights: readonly Right[];
  /** Glob over names, as Redis has them; null: every name. */
  readonly pattern: string | null;
}

/** Longest scope text. */
const MAX_SCOPE_CHARS = 512;
/** Most scopes of one user, key or token. */
const MAX_SCOPES = 100;
const KINDS = new Set(RIGHTS.filter((right) => right.includes(':')).map((right) => `${right.split(':')[0]}:*`));

/**
 * Reads `<right>` or `<right>=<glob>`, where the right may be `<kind>:*` for both of a kind, and spaces and `=` of the glob
 * are percent-encoded.
 * @throws SluiceError `INVALID_PARAMETER` naming the text
 */
export function parseScope(text: string): Scope {
  if (text.length > MAX_SCOPE_CHARS) throw refused(text, `is longer than ${MAX_SCOPE_CHARS} characters`);
  const [name = '', encoded, ...rest] = text.split('=');
  const rights = rightsOf(name);
  if (rights === null) throw refused(text, `names no right; there are ${[...RIGHTS, ...KINDS].join(', ')}`);
  if (encoded === undefined) return { rights, pattern: null };
  if (rest.length > 0 || /\s/.test(encoded)) throw refused(text, 'has a space or a second "=": write %20 and %3D');
  if (name === 'admin') throw refused(text, 'narrows "admin", which is for the whole system');
  const pattern = decoded(encoded);
  if (pattern === null) throw refused(text, 'has a "%" that encodes nothing: write %25');
  if (pattern === '') throw refused(text, 'has no pattern after "="');
  return { rights, pattern };
}

/** @throws SluiceError `INVALID_PARAMETER` naming the first text that is no scope, or when there are too many */
export function parseScopes(texts: readonly string[]): Scope[] {
  if (texts.length <= MAX_SCOPES) return texts.map(parseScope);
  throw new SluiceError('INVALID_PARAMETER', `there are ${texts.length} scopes, more than ${MAX_SCOPES}`);
}

/** Those of the texts that are scopes of ours; a foreign issuer's others mean nothing here. */
export function knownScopes(texts: readonly string[]): string[] {
  const isKnown = (text: string): boolean => {
    try {
      parseScope(text);
      return true;
    } catch {
      return false;
    }
  };
  return texts.filter(isKnown).slice(0, MAX_SCOPES);
}

/**
 * Whether everything that `wanted` allows is allowed by `held` too, as far as that shows at once: all names, the same
 * pattern, or a pattern that only lengthens the part before a `*` at the end.
 */
export function areCovered(wanted: readonly string[], held: readonly string[]): boolean {
  const holding = parseScopes(held);
  return parseScopes(wanted).every(({ rights, pattern }) =>
    rights.every((right) =>
      holding.some(
        (scope) => scope.rights.includes('admin') || (scope.rights.includes(right) && covers(scope.pattern, pattern)),
      ),
    ),
  );
}

function covers(held: string | null, wanted: string | null): boolean {
  if (held === null || held === wanted) return true;
  if (wanted === null || !/^[^*?[\]\\]*\*$/.test(held)) return false;
  return wanted.startsWith(held.slice(0, -1));
}

function rightsOf(name: string): readonly Right[] | null {
  if (isRight(name)) return [name];
  if (!KINDS.has(name)) return null;
  return RIGHTS.filter((right) => right.startsWith(name.slice(0, -1)));
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function refused(text: string, reason: string): SluiceError {
  return new SluiceError('INVALID_PARAMETER', `scope "${text.slice(0, 100)}" ${reason}`);
}
