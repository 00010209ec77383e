import { SluiceError } from '@sluice/contracts';
import { globMatcher } from '@sluice/stream-log';

/** Longest pattern: the time that a pattern takes grows with it, for every name. */
const MAX_PATTERN_CHARS = 512;

/** @throws SluiceError INVALID_PARAMETER for a pattern that is too long */
export function assertPattern(match: string): string {
  if (match.length <= MAX_PATTERN_CHARS) return match;
  throw new SluiceError('INVALID_PARAMETER', `match has ${match.length} characters, more than ${MAX_PATTERN_CHARS}`);
}

/** A test of names by a glob as Redis has them; without one every name passes. @throws as `assertPattern` */
export function nameTest(match: string | null | undefined): (name: string) => boolean {
  return match === null || match === undefined || match === '*' ? () => true : globMatcher(assertPattern(match));
}
