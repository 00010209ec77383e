import { ConfigError, SERVICE_SETTINGS, defineConfig, type ConfigValues, type Environment } from '@sluice/service-kit';
import { parseDurability, type Durability, type RetentionRule } from '@sluice/stream-log';
import { type StateWindow } from './state/pending.js';

const MIB = 1024 * 1024;

/** Every setting of the channel gateway. */
export const CHANNEL_CONFIG = defineConfig({
  ...SERVICE_SETTINGS,
  port: {
    env: 'SLUICE_CHANNEL_GATEWAY_PORT',
    type: 'port',
    default: 8200,
    doc: 'Port of the channel gateway.',
  },
  redisUrl: {
    env: 'REDIS_URL',
    type: 'text',
    default: 'redis://127.0.0.1:6789',
    secret: true,
    doc: 'Redis that keeps the channels; several addresses of a cluster are separated by commas.',
  },
  durability: {
    env: 'SLUICE_DURABILITY',
    type: 'text',
    default: 'everysec',
    doc: 'What an accepted record means: `everysec`, `always`, or `replicas:N`.',
  },
  channels: {
    env: 'SLUICE_CHANNELS',
    type: 'text',
    default: null,
    doc: 'File (`.js` or `.ts`) whose default export is an application made with `defineApplication`; without it, the demo.',
  },
  application: {
    env: 'SLUICE_CHANNEL_GATEWAY_APPLICATION',
    type: 'text',
    default: 'default',
    doc: 'Name under which the channels are kept: replicas of one application share it, two applications on one Redis do not.',
  },
  apiKeys: {
    env: 'SLUICE_CHANNEL_GATEWAY_API_KEYS',
    type: 'text',
    default: null,
    secret: true,
    doc: 'Keys that every request to the channels needs, separated by commas; `generate` makes one at the start and logs it. In place of those of the application.',
  },
  windowEntries: {
    env: 'SLUICE_CHANNEL_GATEWAY_WINDOW_ENTRIES',
    type: 'integer',
    min: 1,
    default: 10_000,
    doc: 'Ticks that each channel keeps at the least, as far as they fit into the bytes.',
  },
  windowBytes: {
    env: 'SLUICE_CHANNEL_GATEWAY_WINDOW_BYTES',
    type: 'integer',
    min: 65_536,
    default: 64 * MIB,
    unit: 'bytes',
    doc: 'Bytes that each channel keeps at the most.',
  },
  lookupRecords: {
    env: 'SLUICE_CHANNEL_GATEWAY_LOOKUP_RECORDS',
    type: 'integer',
    min: 0,
    max: 10_000_000,
    default: 100_000,
    doc: 'Newest records of all channels together that can be looked up by id, as far as the channels still keep them; one that ticks on several channels counts on each.',
  },
  stateRecords: {
    env: 'SLUICE_CHANNEL_GATEWAY_STATE_RECORDS',
    type: 'integer',
    min: 1,
    max: 10_000_000,
    default: 100_000,
    doc: 'Newest records that each state keeps.',
  },
  stateBytes: {
    env: 'SLUICE_CHANNEL_GATEWAY_STATE_BYTES',
    type: 'integer',
    min: 65_536,
    max: 256 * MIB,
    default: 64 * MIB,
    unit: 'bytes',
    doc: 'Characters of JSON that each state keeps.',
  },
  stateAge: {
    env: 'SLUICE_CHANNEL_GATEWAY_STATE_AGE_SECONDS',
    type: 'integer',
    min: 1,
    default: 86_400,
    unit: 'seconds',
    doc: 'How long a state that is keyed by `id` keeps a record; it keeps no more of them than the log keeps ticks.',
  },
  stateMemory: {
    env: 'SLUICE_CHANNEL_GATEWAY_STATE_MEMORY_MIB',
    type: 'integer',
    min: 64,
    default: 1_024,
    doc: 'MiB of memory that the database of all states may take.',
  },
  sqlSeconds: {
    env: 'SLUICE_CHANNEL_GATEWAY_SQL_SECONDS',
    type: 'integer',
    min: 1,
    max: 60,
    default: 5,
    unit: 'seconds',
    doc: 'How long a SQL query of a client may run.',
  },
  maxDeclared: {
    env: 'SLUICE_CHANNEL_GATEWAY_MAX_DECLARED_CHANNELS',
    type: 'integer',
    min: 0,
    max: 1_000,
    default: 200,
    doc: 'Channels that may be declared at run time; 0: none.',
  },
  maxSendRecords: {
    env: 'SLUICE_CHANNEL_GATEWAY_MAX_SEND_RECORDS',
    type: 'integer',
    min: 1,
    max: 50_000,
    default: 10_000,
    doc: 'Records that one request or message may send.',
  },
  maxWaiters: {
    env: 'SLUICE_CHANNEL_GATEWAY_MAX_WAITERS',
    type: 'integer',
    min: 1,
    default: 50_000,
    doc: 'Requests that may wait for a next tick at once.',
  },
  socketBufferBytes: {
    env: 'SLUICE_CHANNEL_GATEWAY_SOCKET_BUFFER_BYTES',
    type: 'integer',
    min: 65_536,
    default: 4 * MIB,
    unit: 'bytes',
    doc: 'Bytes that may wait for a slow WebSocket; it then gets no more until it has read, and goes on from the log.',
  },
});

/** The environment this program was started with. */
export function environment(): Environment {
  return process.env;
}

/** The settings as the environment gives them. */
export type ChannelSettings = ConfigValues<typeof CHANNEL_CONFIG.settings>;

/** What the settings mean for the parts of the channel gateway; injectable. */
export class ChannelConfig {
  readonly redisUrl: string;
  readonly application: string;
  /** Everybody has to say who they are. */
  readonly isStrict: boolean;
  readonly durability: Durability;
  readonly retention: RetentionRule;
  readonly lookupRecords: number;
  readonly stateWindow: StateWindow;
  /** Of states that are keyed by `id`: what the log still holds after a restart. */
  readonly idStateWindow: StateWindow;
  readonly idStateAgeMs: number;
  readonly stateMemoryMiB: number;
  readonly sqlMaxMs: number;
  readonly maxDeclared: number;
  readonly maxSendRecords: number;
  readonly maxWaiters: number;
  readonly socketBufferBytes: number;
  /** Null: those of the application, if it has some. None: one is to be made. */
  readonly apiKeys: readonly string[] | null;

  /** @throws ConfigError */
  constructor(settings: ChannelSettings) {
    const { application } = settings;
    if (!/^[A-Za-z0-9_.-]{1,100}$/.test(application)) {
      throw new ConfigError([
        `SLUICE_CHANNEL_GATEWAY_APPLICATION must have 1 to 100 letters, digits, "-", "_" or ".", got "${application}"`,
      ]);
    }
    this.redisUrl = settings.redisUrl;
    this.application = application;
    this.isStrict = settings.authMode === 'strict';
    this.durability = durabilityOf(settings.durability);
    this.retention = {
      kind: 'at-least',
      minEntries: settings.windowEntries,
      minAgeMs: 10_000,
      maxBytes: settings.windowBytes,
    };
    this.lookupRecords = settings.lookupRecords;
    const { stateRecords, stateBytes, windowEntries } = settings;
    this.stateWindow = { records: stateRecords, bytes: stateBytes };
    this.idStateWindow = { records: Math.min(stateRecords, windowEntries), bytes: stateBytes };
    this.idStateAgeMs = settings.stateAge * 1000;
    this.stateMemoryMiB = settings.stateMemory;
    this.sqlMaxMs = settings.sqlSeconds * 1000;
    this.maxDeclared = settings.maxDeclared;
    this.maxSendRecords = settings.maxSendRecords;
    this.maxWaiters = settings.maxWaiters;
    this.socketBufferBytes = settings.socketBufferBytes;
    this.apiKeys = apiKeysOf(settings.apiKeys);
  }
}

function durabilityOf(text: string): Durability {
  try {
    return parseDurability(text);
  } catch (error) {
    throw new ConfigError([`SLUICE_DURABILITY: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

function apiKeysOf(text: string | null): readonly string[] | null {
  if (text === null || text.trim() === '') return null;
  if (text.trim() === 'generate') return [];
  const keys = text.split(',').map((key) => key.trim());
  if (!keys.includes('')) return keys;
  throw new ConfigError(['SLUICE_CHANNEL_GATEWAY_API_KEYS has an empty key']);
}
