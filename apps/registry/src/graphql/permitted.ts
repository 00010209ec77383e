import { SluiceError } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';
import { hasBelow } from '../streams/sorted-names.js';

/** @throws SluiceError FORBIDDEN, in the same words whether or not there is such a stream */
export function assertMayRead(identity: Identity, key: string): void {
  if (identity.allows('stream:read', key)) return;
  throw new SluiceError('FORBIDDEN', `the credential does not allow to read stream ${JSON.stringify(key)}`);
}

/** @throws SluiceError FORBIDDEN, in the same words whether or not there is such a stream */
export function assertMayWrite(identity: Identity, key: string): void {
  if (identity.allows('stream:write', key)) return;
  throw new SluiceError('FORBIDDEN', `the credential does not allow to write stream ${JSON.stringify(key)}`);
}

/** A right to a device is one to all its streams (`cam1:*`), or to its own name. */
function allowsDevice(identity: Identity, right: 'stream:read' | 'stream:write', device: string): boolean {
  return identity.allows(right, `${device}:`) || identity.allows(right, device);
}

/**
 * Whether a device is shown: to whoever may read it, or any stream of it.
 * @param streams names that may be read, sorted
 */
export function mayReadDevice(identity: Identity, device: string, streams: readonly string[]): boolean {
  return allowsDevice(identity, 'stream:read', device) || hasBelow(streams, `${device}:`);
}

/** @throws SluiceError FORBIDDEN */
export function assertMayWriteDevice(identity: Identity, device: string): void {
  if (allowsDevice(identity, 'stream:write', device)) return;
  throw new SluiceError('FORBIDDEN', `the credential does not allow to write device ${JSON.stringify(device)}`);
}

/** The refusal of a device. */
export function mayNotReadDevice(device: string): SluiceError {
  return new SluiceError('FORBIDDEN', `the credential does not allow to read device ${JSON.stringify(device)}`);
}

/** What deletes needs more than the right to write. @throws SluiceError FORBIDDEN */
export function assertMayDelete(identity: Identity): void {
  if (identity.allows('admin')) return;
  throw new SluiceError('FORBIDDEN', 'the credential does not allow admin, which deleting needs');
}
