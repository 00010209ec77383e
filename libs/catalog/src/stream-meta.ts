import { type RedisCommands } from '@sluice/stream-log';
import { CatalogEvents } from './events.js';
import { STREAM_META_KEYS, streamMetaKey, streamOfMetaKey } from './keys.js';
import { MetaRecords } from './records/meta-records.js';

/**
 * What is known of streams beside their entries: one JSON object each, by the stream's key. A stream need not exist to have metadata,
 * and goes without it.
 */
export class StreamMeta extends MetaRecords {
  constructor(commands: RedisCommands) {
    const events = new CatalogEvents(commands);
    super(commands, {
      noun: 'stream',
      keys: STREAM_META_KEYS,
      keyOf: streamMetaKey,
      nameOf: streamOfMetaKey,
      onChange: (name) => events.tellChange([{ type: 'stream-meta', name }]),
    });
  }
}
