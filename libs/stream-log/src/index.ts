// The log
export { StreamLog, type LogStats, type StreamLogOptions } from './stream-log.js';
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
