import { SluiceError } from '@sluice/contracts';
import { toSluiceError } from '../../streams/refusing.js';

/** Why a recording ended, for its manifest, the log and whoever stopped it. */
export function failureOf(error: unknown): SluiceError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SluiceError('DISK_FULL', 'the disk of recordings is full', { cause: error });
  }
  return toSluiceError(error);
}
