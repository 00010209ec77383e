import { SERVICE_SETTINGS, defineConfig, type ConfigValues, type Environment } from '@sluice/service-kit';

/** Every setting of the registry. */
export const REGISTRY_CONFIG = defineConfig({
  ...SERVICE_SETTINGS,
  port: {
    env: 'SLUICE_REGISTRY_PORT',
    type: 'port',
    default: 8300,
    doc: 'Port of the registry.',
  },
  redisUrl: {
    env: 'REDIS_URL',
    type: 'text',
    default: 'redis://127.0.0.1:6789',
    secret: true,
    doc: 'Redis that keeps the streams; several addresses of a cluster are separated by commas.',
  },
  answerMemoryBytes: {
    env: 'SLUICE_REGISTRY_ANSWER_MEMORY_BYTES',
    type: 'integer',
    default: 128 * 1024 * 1024,
    min: 1024 * 1024,
    unit: 'bytes',
    doc: 'Memory for the answers that are made or unread, of all clients together; one answer has at most half of it. Who finds none waits.',
  },
  stallMs: {
    env: 'SLUICE_REGISTRY_STALL_MS',
    type: 'integer',
    default: 5_000,
    min: 100,
    unit: 'ms',
    doc: 'A client that takes nothing of its answers for so long is cut off when another waits for their memory; the more wait, the sooner, down to a fifth.',
  },
  indexMemoryBytes: {
    env: 'SLUICE_REGISTRY_INDEX_MEMORY_BYTES',
    type: 'integer',
    default: 128 * 1024 * 1024,
    min: 64 * 1024,
    unit: 'bytes',
    doc: 'Memory for the index of metadata, about. What finds no room is not found by a search, and answers say that it is not complete.',
  },
  hasNoDevices: {
    env: 'DISABLE_MULTI_DEVICE_PREFIXING',
    type: 'boolean',
    default: false,
    doc: 'Names of streams are Redis keys as they stand, without a device before them.',
  },
});

/** The environment this program was started with. */
export function environment(): Environment {
  return process.env;
}

/** The settings as the environment gives them. */
export type RegistrySettings = ConfigValues<typeof REGISTRY_CONFIG.settings>;

/** What the settings mean for the registry's parts; injectable. */
export class RegistryConfig {
  /** Redis keys begin with a device. */
  readonly hasDevices: boolean;
  readonly redisUrl: string;
  /** Memory for answers that are made or unread. */
  readonly answerMemoryBytes: number;
  /** Memory for the index of metadata, about. */
  readonly indexMemoryBytes: number;
  /** How long a client may take nothing of its answers while another waits. */
  readonly stallMs: number;

  constructor(settings: RegistrySettings) {
    this.stallMs = settings.stallMs;
    this.indexMemoryBytes = settings.indexMemoryBytes;
    this.answerMemoryBytes = settings.answerMemoryBytes;
    this.hasDevices = !settings.hasNoDevices;
    this.redisUrl = settings.redisUrl;
  }
}
