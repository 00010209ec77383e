// The log
export { StreamLog, type LogStats, type StreamLogOptions } from './stream-log.js';
export { openLog } from './open-log.js';
export { type LogReader, type RangeOptions, assertExists } from './read.js';
export { type Bounds } from './bounds.js';
export { type TailStats } from './tail/tail.js';
export { type DurabilityReport, durabilityText, parseDurability } from './durability.js';
export { type RetentionSource } from './retention-source.js';
export {
  type AppendSink,
  type Durability,
  type EntryBatch,
  type Follower,
  type FollowerSink,
  type FollowOptions,
  type GapNotice,
  type LogEntry,
  type ResetNotice,
  type RetentionPolicy,
  type StoredEntry,
} from './types.js';

// Streams as things: lists, facts, retention, groups, discovery
export { StreamAdmin, type StreamAdminOptions } from './admin/admin.js';
export { type AppendAllOptions, type NewEntry } from './append/append-all.js';
export { FactsReader, averageBytes, type StreamFacts } from './admin/facts.js';
export { RateMeter, type StreamRate } from './admin/rates.js';
export { type GroupDelivery } from './admin/group-entries.js';
export { type ClaimedEntries, type ConsumerInfo, type Groups, type PendingSummary } from './admin/groups.js';
export { type ListOptions } from './admin/list.js';
export { type NameFilter } from './admin/names.js';
export { type Discovery } from './discovery.js';
export { canMatch, globMatcher } from './glob.js';
export { canShareSlot, hashSlot, isOwnKey } from './keys.js';
export { DEFAULT_RETENTION, type RetentionRule } from './retention/policy.js';
export { type RetentionKeeper } from './retention/keeper.js';
export { type RetentionStore } from './retention/store.js';

// Redis beside the streams
export { RedisCommands, type CommandArgument, type RedisCommand } from './redis-commands.js';
export { defineScript, type Script } from './scripts/script.js';
