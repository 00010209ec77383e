export { CATALOG_EVENTS, DEVICE_CONNECTED_EVENTS, DEVICE_META_EVENTS, EVENT_STREAMS } from './keys.js';
export { CatalogEvents, parseCatalogEvent, parseDeviceEvent, type CatalogEvent, type DeviceEvent } from './events.js';
export { Devices, deviceName, type Connected, type DeviceFacts } from './devices.js';
export { HeldDevices, type DeviceHold } from './presence/held-devices.js';
export { Presence } from './presence/presence.js';
export { PresenceSweep } from './presence/presence-sweep.js';
export { MAX_META_BYTES, MetaRecords, parseMeta, type MetaChange, type MetaObject } from './records/meta-records.js';
export { NO_REVISION, revisionOf } from './records/revision.js';
export { StreamMeta } from './stream-meta.js';
