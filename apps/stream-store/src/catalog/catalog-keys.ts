/*
 * Every Redis key that the catalogue writes; those of redis-streamer, so that both dialects see one metadata.
 *
 * | key                  | type   | content                                | lives         |
 * |----------------------|--------|----------------------------------------|---------------|
 * | :stream:meta:<key>   | string | JSON object; <key> = key of the stream | until deleted |
 */

const META_PREFIX = ':stream:meta:';

/** Glob that matches the metadata keys of all streams. */
export const META_KEYS = `${META_PREFIX}*`;

/** Key of a stream's metadata: `:stream:meta:<device>:<sid>`. */
export function metaKey(streamKey: string): string {
  return META_PREFIX + streamKey;
}

/** Key of the stream that a metadata key belongs to. */
export function streamOfMetaKey(key: string): string {
  return key.slice(META_PREFIX.length);
}
