import { Transform } from 'class-transformer';
import { parseBoolean } from '@sluice/wire';

/** Query text to number; anything that is not a number stays as it is, for the validator to name. */
export function ToNumber(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) => {
    if (typeof value !== 'string' || value.trim() === '') return value;
    const number = Number(value);
    return Number.isNaN(number) ? value : number;
  });
}

/** Query text to boolean, in every spelling the original dialect takes. */
export function ToBoolean(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? (parseBoolean(value) ?? value) : value,
  );
}
