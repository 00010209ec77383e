import { SluiceError } from '@sluice/contracts';
import { canMatch, globMatcher } from '@sluice/stream-log';

/** Longest pattern: the time that a pattern takes grows with it, for every name. */
const MAX_PATTERN_CHARS = 512;

/** @throws SluiceError INVALID_PARAMETER for a pattern that is too long, or that no name can match */
export function assertPattern(match: string): string {
  if (match.length > MAX_PATTERN_CHARS) {
    throw new SluiceError('INVALID_PARAMETER', `match has ${match.length} characters, more than ${MAX_PATTERN_CHARS}`);
  }
  if (canMatch(match)) return match;
  const why = 'has [ with no characters after it, which nothing matches: \\[ stands for the character itself';
  throw new SluiceError('INVALID_PARAMETER', `match ${JSON.stringify(match)} ${why}`);
}

/** A test of names by a glob as Redis has them; without one every name passes. @throws as `assertPattern` */
export function nameTest(match: string | null | undefined): (name: string) => boolean {
  return match === null || match === undefined || match === '*' ? () => true : globMatcher(assertPattern(match));
}
