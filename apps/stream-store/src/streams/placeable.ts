import { SluiceError } from '@sluice/contracts';
import { canShareSlot, type StreamLog } from '@sluice/stream-log';

/**
 * Refuses to write a stream whose retention could not live beside it: on a cluster, a name like `a}b` that has no slot to share.
 * @throws SluiceError `CROSS_SLOT_NAME`
 */
export function assertPlaceable(log: Pick<StreamLog, 'isCluster'>, key: string): string {
  if (!log.isCluster || canShareSlot(key)) return key;
  throw new SluiceError(
    'CROSS_SLOT_NAME',
    `stream name ${JSON.stringify(key)} cannot keep its keys in one slot of the cluster`,
  );
}
