import { ConfigError, SERVICE_SETTINGS, defineConfig, type ConfigValues, type Environment } from '@sluice/service-kit';
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

/** What the settings mean for the store's parts; injectable. */
export class StoreConfig {
  /** Redis keys begin with a device. */
  readonly hasDevices: boolean;
  readonly durability: Durability;
  readonly retention: RetentionRule;
  readonly redisUrl: string;
  readonly maxInflightBytes: number;

  /** @throws ConfigError when the durability is none */
  constructor(settings: StoreSettings) {
    this.hasDevices = !settings.hasNoDevices;
    this.durability = readDurability(settings.durability);
    this.redisUrl = settings.redisUrl;
    this.maxInflightBytes = settings.maxInflightBytes;
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
