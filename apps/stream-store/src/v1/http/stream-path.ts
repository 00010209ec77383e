import { refusing } from '../../streams/refusing.js';
import { parseStreamName, type StreamName } from '@sluice/wire';

/** Stands for "no device" in paths of a store whose names have none. */
const NO_DEVICE = '-';

/**
 * The stream that `/v1/streams/{device}/{stream}` names.
 * @throws SluiceError `INVALID_NAME`
 */
export function streamOfPath(device: string, stream: string, hasDevices: boolean): StreamName {
  const isBare = !hasDevices && device === NO_DEVICE;
  return refusing(() => parseStreamName(isBare ? stream : `${device}:${stream}`, hasDevices));
}
