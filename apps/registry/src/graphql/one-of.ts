import { SluiceError } from '@sluice/contracts';

/**
 * The value of an argument that has two spellings.
 * @throws SluiceError INVALID_PARAMETER when both or, unless there is a default, none is given
 */
export function oneOf<T>(spellings: Readonly<Record<string, T | null | undefined>>, fallback?: T): T {
  const given = Object.entries(spellings).filter(([, value]) => value !== null && value !== undefined);
  const [first] = given;
  if (given.length === 1 && first !== undefined) return first[1] as T;
  const names = Object.keys(spellings);
  if (given.length > 1) {
    throw new SluiceError('INVALID_PARAMETER', `${names.join(' and ')} are the same argument: give one of them`);
  }
  if (fallback !== undefined) return fallback;
  throw new SluiceError('INVALID_PARAMETER', `argument ${names.join(' or ')} is missing`);
}
