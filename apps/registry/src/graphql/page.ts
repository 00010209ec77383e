import { SluiceError } from '@sluice/contracts';

/** Most members of a page. */
const MAX_PAGE = 1_000;
/** Members of a page unless said otherwise. */
export const DEFAULT_PAGE = 100;

/** One page of sorted names. */
export interface NamePage {
  readonly names: readonly string[];
  /** Gives the next page; null after the last. */
  readonly cursor: string | null;
  readonly total: number;
}

/**
 * The page after a cursor. A cursor is the last name of a page, so that names that come and go between two pages neither repeat nor
 * hide others.
 * @throws SluiceError INVALID_PARAMETER
 */
export function pageOf(names: readonly string[], first: number, after: string | null): NamePage {
  if (first < 1 || first > MAX_PAGE) {
    throw new SluiceError('INVALID_PARAMETER', `first is ${first}: a whole number from 1 to ${MAX_PAGE}`);
  }
  const last = after === null ? null : decode(after);
  const rest = last === null ? names : names.filter((name) => name > last);
  const page = rest.slice(0, first);
  const end = page.at(-1);
  const cursor = rest.length > first && end !== undefined ? Buffer.from(end).toString('base64url') : null;
  return { names: page, cursor, total: names.length };
}

function decode(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString('utf8');
  if (cursor !== '' && Buffer.from(name).toString('base64url') === cursor) return name;
  throw new SluiceError(
    'INVALID_PARAMETER',
    `cursor ${JSON.stringify(cursor.slice(0, 100))} is not one that a page gave`,
  );
}
