import { SluiceError } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';
import { type Discovery } from '@sluice/stream-log';

/** @throws SluiceError `FORBIDDEN`, in the same words whether or not there is such a stream */
export function assertMayRead(identity: Identity, key: string): string {
  if (identity.allows('stream:read', key)) return key;
  throw mayNotRead(key);
}

/** The refusal of a read. */
export function mayNotRead(key: string): SluiceError {
  return new SluiceError('FORBIDDEN', `the credential does not allow to read stream ${JSON.stringify(key)}`);
}

/** @throws SluiceError `FORBIDDEN`, in the same words whether or not there is such a stream */
export function assertMayWrite(identity: Identity, key: string): string {
  if (identity.allows('stream:write', key)) return key;
  throw new SluiceError('FORBIDDEN', `the credential does not allow to write stream ${JSON.stringify(key)}`);
}

/** What finds streams by pattern. */
export type StreamFinder = Pick<Discovery, 'find' | 'watch'>;

/** Finds only what the identity may read, as if nothing else were there. */
export function readableBy(identity: Identity, finder: StreamFinder): StreamFinder {
  const isVisible = (name: string): boolean => identity.allows('stream:read', name);
  return {
    find: (filter) => finder.find({ ...filter, isVisible }),
    watch: (filter, listener) =>
      finder.watch(filter, (event) => {
        if (isVisible(event.name)) listener(event);
      }),
  };
}
