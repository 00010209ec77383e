import { type DeviceFacts, type Devices } from '@sluice/catalog';
import DataLoader from 'dataloader';

const MAX_BATCH = 2_000;

/** Reads what is known of the devices of one operation, all together. */
export class DeviceLoader extends DataLoader<string, DeviceFacts> {
  constructor(devices: Devices) {
    super((names) => devices.facts(names), { maxBatchSize: MAX_BATCH });
  }
}
