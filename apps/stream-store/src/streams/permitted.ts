import { SluiceError } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';

/** @throws SluiceError `FORBIDDEN`, in the same words whether or not there is such a stream */
export function assertMayRead(identity: Identity, key: string): string {
  if (identity.allows('stream:read', key)) return key;
  throw new SluiceError('FORBIDDEN', `the credential does not allow to read stream ${JSON.stringify(key)}`);
}

/** @throws SluiceError `FORBIDDEN`, in the same words whether or not there is such a stream */
export function assertMayWrite(identity: Identity, key: string): string {
  if (identity.allows('stream:write', key)) return key;
  throw new SluiceError('FORBIDDEN', `the credential does not allow to write stream ${JSON.stringify(key)}`);
}
