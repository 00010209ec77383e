import { type MetaObject } from '@sluice/catalog';
import { SluiceError } from '@sluice/contracts';

/** Levels of objects and lists that metadata may have. */
const MAX_META_DEPTH = 32;

/**
 * Metadata as a client gives it.
 * @throws SluiceError INVALID_PARAMETER for what is no JSON object, or a very deep one
 */
export function readMeta(value: unknown): MetaObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
    throw new SluiceError('INVALID_PARAMETER', `meta is ${what}: it must be a JSON object`);
  }
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= MAX_META_DEPTH) {
      throw new SluiceError('INVALID_PARAMETER', `meta has more than ${MAX_META_DEPTH} levels of objects and lists`);
    }
    level = level.flatMap((item) =>
      Object.values(item as object).filter((member) => typeof member === 'object' && member !== null),
    );
  }
  return value as MetaObject;
}
