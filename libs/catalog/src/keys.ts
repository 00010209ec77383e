/*
 * Every Redis key that the catalogue writes. The first five are those of redis-streamer, so that its own programs and both
 * dialects see one catalogue; the others are ours and shown to nobody.
 *
 * | key                          | type   | content                                                                  | lives                  |
 * |------------------------------|--------|--------------------------------------------------------------------------|------------------------|
 * | :stream:meta:<key>           | string | JSON object; <key> = key of the stream                                   | until deleted          |
 * | :devices:connected           | set    | devices that are connected                                               | until they are not     |
 * | :devices:seen                | set    | every device that was ever connected                                     | until `flush`          |
 * | :devices:meta:<device>       | string | JSON object                                                              | until `flush`          |
 * | :event:device.connected      | stream | `d` = {"device_id","connected":true,"meta"} or {…,"connected":false}     | about 1,000 entries    |
 * | :event:device.meta           | stream | `d` = {"device_id","meta"}                                               | about 1,000 entries    |
 * | sluice:events:catalog        | stream | `d` = JSON of a CatalogEvent: whose metadata changed                     | about 1,000 entries    |
 * | sluice:catalog:kinds         | set    | kinds of things that others register                                     | always                 |
 * | sluice:catalog:kind:<kind>   | hash   | name -> JSON object                                                      | until unregistered     |
 * | sluice:{presence}:leases     | zset   | device -> ms (Redis' clock) until which a push socket vouches for it     | until swept            |
 * | sluice:{presence}:pinned     | set    | devices connected by `connectDevice`                                     | until `disconnectDevice` |
 * | sluice:{presence}:ended      | zset   | device -> ms of its `disconnectDevice`; push sockets respect it          | 60 s, renewed by them  |
 * | sluice:{presence}:seen-at    | hash   | device -> ms at which it was last known to be there                      | until `flush`          |
 * | sluice:{presence}:sweeper    | string | id of the process that ends expired leases                               | 15 s, renewed          |
 *
 * The keys with `{presence}` share a hash slot, so that scripts change them together, on a cluster too.
 */

const META_PREFIX = ':stream:meta:';
const DEVICE_META_PREFIX = ':devices:meta:';

/** Glob that matches the metadata keys of all streams. */
export const STREAM_META_KEYS = `${META_PREFIX}*`;
/** Glob that matches the metadata keys of all devices. */
export const DEVICE_META_KEYS = `${DEVICE_META_PREFIX}*`;
/** Devices that are connected. */
export const CONNECTED_KEY = ':devices:connected';
/** Devices ever connected. */
export const SEEN_KEY = ':devices:seen';
/** Stream that tells of connects and disconnects. */
export const DEVICE_CONNECTED_EVENTS = ':event:device.connected';
/** Stream that tells of changes of devices' metadata. */
export const DEVICE_META_EVENTS = ':event:device.meta';
/** Event streams of redis-streamer, which its lists of streams show. */
export const EVENT_STREAMS: readonly string[] = [DEVICE_CONNECTED_EVENTS, DEVICE_META_EVENTS];
/** Stream that tells whose metadata changed. */
export const CATALOG_EVENTS = 'sluice:events:catalog';

/** Kinds of things that others register. */
export const KINDS_KEY = 'sluice:catalog:kinds';

/** Things of one kind. */
export function entitiesKey(kind: string): string {
  return `sluice:catalog:kind:${kind}`;
}

/** Keys of presence, in the order in which its scripts take them. */
export const PRESENCE_KEYS: readonly string[] = ['leases', 'pinned', 'ended', 'seen-at', 'sweeper'].map(
  (name) => `sluice:{presence}:${name}`,
);

/** When devices were last there: field = device, value = ms. */
export const SEEN_AT_KEY = 'sluice:{presence}:seen-at';

/** Key of a stream's metadata: `:stream:meta:<device>:<sid>`. */
export function streamMetaKey(streamKey: string): string {
  return META_PREFIX + streamKey;
}

/** Key of the stream that a metadata key belongs to. */
export function streamOfMetaKey(key: string): string {
  return key.slice(META_PREFIX.length);
}

/** Key of a device's metadata. */
export function deviceMetaKey(device: string): string {
  return DEVICE_META_PREFIX + device;
}

/** Device that a metadata key belongs to. */
export function deviceOfMetaKey(key: string): string {
  return key.slice(DEVICE_META_PREFIX.length);
}
