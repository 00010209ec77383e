import { InvalidArgumentError } from 'commander';

/** Parses a whole number of at least `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`"${text}" is not a whole number from ${min} up.`);
  };
}

/** Parses a number of at least 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError(`"${text}" is not a number from 0 up.`);
}

/** Parses a number of events a second: above 0. */
export function rateAboveZero(text: string): number {
  const value = positiveNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('it must be above 0.');
}
