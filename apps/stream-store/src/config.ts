import { ConfigError, SERVICE_SETTINGS, defineConfig, type ConfigValues, type Environment } from '@sluice/service-kit';
import { RECORDING_SETTINGS, readRecordingSettings, type RecordingSettings } from './recordings/settings.js';
import { parseDurability, type Durability, type RetentionRule } from '@sluice/stream-log';

const MIB = 1024 * 1024;

/** Every setting of the stream store. */
export const STORE_CONFIG = defineConfig({
  ...SERVICE_SETTINGS,
  port: {
    env: 'SLUICE_STREAM_STORE_PORT',
    type: 'port',
    default: 8100,
    doc: 'Port of the stream store.',
  },
  redisUrl: {
    env: 'REDIS_URL',
    type: 'text',
    default: 'redis://127.0.0.1:6789',
    secret: true,
    doc: 'Redis that keeps the streams; several addresses of a cluster are separated by commas.',
  },
  durability: {
    env: 'SLUICE_DURABILITY',
    type: 'text',
    default: 'everysec',
    doc: 'What an acknowledgement promises: `everysec`, `always` or `replicas:N`.',
  },
  streamMaxLen: {
    env: 'REDIS_STREAM_MAXLEN',
    type: 'integer',
    min: 1,
    default: null,
    unit: 'entries',
    doc: 'Keep about so many entries of every stream, whatever their age and size: the rule of redis-streamer.',
  },
  hasNoDevices: {
    env: 'DISABLE_MULTI_DEVICE_PREFIXING',
    type: 'boolean',
    default: false,
    doc: 'Names of streams are Redis keys as they stand, without a device before them.',
  },
  minEntries: {
    env: 'SLUICE_RETENTION_MIN_ENTRIES',
    type: 'integer',
    min: 1,
    default: 1000,
    unit: 'entries',
    doc: 'A stream keeps at least its newest so many entries, as far as the bound on bytes allows.',
  },
  minAgeMs: {
    env: 'SLUICE_RETENTION_MIN_AGE_MS',
    type: 'integer',
    min: 0,
    default: 10_000,
    unit: 'ms',
    doc: 'A stream keeps entries at least so long, as far as the bound on bytes allows.',
  },
  maxBytes: {
    env: 'SLUICE_RETENTION_MAX_BYTES',
    type: 'integer',
    min: 1024,
    default: 64 * MIB,
    unit: 'bytes',
    doc: 'A stream keeps at most about so many payload bytes.',
  },
  quotaUserStreams: {
    env: 'SLUICE_QUOTA_USER_STREAMS',
    type: 'integer',
    min: 0,
    default: 100_000,
    unit: 'streams',
    doc: 'Streams that one user may make.',
  },
  quotaStreams: {
    env: 'SLUICE_QUOTA_STREAMS',
    type: 'integer',
    min: 0,
    default: 1_000_000,
    unit: 'streams',
    doc: 'Streams that all users together may make.',
  },
  quotaUserBytes: {
    env: 'SLUICE_QUOTA_USER_BYTES',
    type: 'integer',
    min: 0,
    default: null,
    unit: 'bytes',
    doc: 'Memory of Redis that the streams made by one user may take; none: no bound.',
  },
  quotaBytes: {
    env: 'SLUICE_QUOTA_BYTES',
    type: 'integer',
    min: 0,
    default: null,
    unit: 'bytes',
    doc: 'Memory of Redis above which nothing more is taken; none: no bound but that of Redis.',
  },
  quotaUserConnections: {
    env: 'SLUICE_QUOTA_USER_CONNECTIONS',
    type: 'integer',
    min: 0,
    default: 50_000,
    unit: 'connections',
    doc: 'WebSockets and live answers (server-sent events, moving pictures) that one user may have open at one replica of the stream store.',
  },
  quotaConnections: {
    env: 'SLUICE_QUOTA_CONNECTIONS',
    type: 'integer',
    min: 0,
    default: 100_000,
    unit: 'connections',
    doc: 'WebSockets and live answers that may be open at one replica of the stream store.',
  },
  quotaUserEntriesPerSecond: {
    env: 'SLUICE_QUOTA_USER_ENTRIES_PER_SECOND',
    type: 'integer',
    min: 0,
    default: 0,
    unit: 'entries/s',
    doc: 'Entries that one user may push over time at one replica, with twice as many at once; 0: no limit.',
  },
  quotaEntriesPerSecond: {
    env: 'SLUICE_QUOTA_ENTRIES_PER_SECOND',
    type: 'integer',
    min: 0,
    default: 0,
    unit: 'entries/s',
    doc: 'Entries that everybody may push over time at one replica, with twice as many at once; 0: no limit.',
  },
  autoCreate: {
    env: 'SLUICE_QUOTA_AUTO_CREATE',
    type: 'boolean',
    default: true,
    doc: 'A push to a stream that is not there makes it; otherwise streams are made with `PUT /v1/streams/{device}/{stream}`.',
  },
  ...RECORDING_SETTINGS,
  maxInflightBytes: {
    env: 'SLUICE_STREAM_STORE_MAX_INFLIGHT_BYTES',
    type: 'integer',
    min: 32 * MIB,
    default: 64 * MIB,
    unit: 'bytes',
    doc: 'When more pushed bytes than this wait for Redis, sockets are not read; at twice as many, pushes are refused.',
  },
});

/** The environment this program was started with. */
export function environment(): Environment {
  return process.env;
}

/** The settings as the environment gives them. */
export type StoreSettings = ConfigValues<typeof STORE_CONFIG.settings>;

/** What users may use up; null: no bound. */
export interface QuotaSettings {
  readonly userStreams: number;
  readonly streams: number;
  readonly userBytes: number | null;
  readonly bytes: number | null;
  /** Open WebSockets. */
  readonly userConnections: number;
  readonly connections: number;
  /** 0: no bound. */
  readonly userEntriesPerSecond: number;
  readonly entriesPerSecond: number;
  /** Pushes make streams that are not there. */
  readonly autoCreate: boolean;
}

/** What the settings mean for the store's parts; injectable. */
export class StoreConfig {
  /** Redis keys begin with a device. */
  readonly hasDevices: boolean;
  readonly durability: Durability;
  readonly retention: RetentionRule;
  readonly redisUrl: string;
  readonly maxInflightBytes: number;
  readonly recordings: RecordingSettings;
  readonly quotas: QuotaSettings;

  /** @throws ConfigError when the durability is none */
  constructor(settings: StoreSettings) {
    this.hasDevices = !settings.hasNoDevices;
    this.durability = readDurability(settings.durability);
    this.redisUrl = settings.redisUrl;
    this.maxInflightBytes = settings.maxInflightBytes;
    this.recordings = readRecordingSettings(settings);
    this.quotas = {
      userStreams: settings.quotaUserStreams,
      streams: settings.quotaStreams,
      userBytes: settings.quotaUserBytes,
      bytes: settings.quotaBytes,
      userConnections: settings.quotaUserConnections,
      connections: settings.quotaConnections,
      userEntriesPerSecond: settings.quotaUserEntriesPerSecond,
      entriesPerSecond: settings.quotaEntriesPerSecond,
      autoCreate: settings.autoCreate,
    };
    const { streamMaxLen: maxEntries, minEntries, minAgeMs, maxBytes } = settings;
    this.retention =
      maxEntries === null ? { kind: 'at-least', minEntries, minAgeMs, maxBytes } : { kind: 'fixed', maxEntries };
  }
}

function readDurability(text: string): Durability {
  try {
    return parseDurability(text);
  } catch (error) {
    throw new ConfigError([`SLUICE_DURABILITY: ${(error as Error).message}`]);
  }
}
