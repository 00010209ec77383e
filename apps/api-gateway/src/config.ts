import { SERVICE_SETTINGS, TLS_SETTINGS, defineConfig, type ConfigValues } from '@sluice/service-kit';

const MIB = 1024 * 1024;

/** Every setting of the gateway. */
export const GATEWAY_CONFIG = defineConfig({
  ...SERVICE_SETTINGS,
  port: {
    env: 'SLUICE_API_GATEWAY_PORT',
    type: 'port',
    default: 8000,
    doc: 'Port of the gateway: the one front door.',
  },
  ptgPort: {
    env: 'SLUICE_API_GATEWAY_PTG_PORT',
    type: 'port',
    canBeOff: true,
    default: 7890,
    doc: 'Port where the gateway serves the ptg dialect at the root, or `off`.',
  },
  ...TLS_SETTINGS,
  streamStoreUrls: {
    env: 'SLUICE_STREAM_STORE_URL',
    type: 'urls',
    default: ['http://127.0.0.1:8100'],
    doc: 'Where the stream store answers; several replicas, separated by commas, are taken in turn.',
  },
  registryUrls: {
    env: 'SLUICE_REGISTRY_URL',
    type: 'urls',
    default: ['http://127.0.0.1:8300'],
    doc: 'Where the registry answers; several replicas, separated by commas, are taken in turn.',
  },
  channelGatewayUrls: {
    env: 'SLUICE_CHANNEL_GATEWAY_URL',
    type: 'urls',
    default: ['http://127.0.0.1:8200'],
    doc: 'Where the channel gateway answers; several replicas, separated by commas, are taken in turn.',
  },
  redisUrl: {
    env: 'REDIS_URL',
    type: 'text',
    default: 'redis://127.0.0.1:6789',
    secret: true,
    doc: 'Redis that keeps users and keys; several addresses of a cluster are separated by commas.',
  },
  maxBodyBytes: {
    env: 'SLUICE_API_GATEWAY_MAX_BODY_BYTES',
    type: 'integer',
    min: 1024,
    default: 64 * MIB,
    unit: 'bytes',
    doc: 'Largest request body; services may have smaller bounds of their own.',
  },
  requestsPerSecond: {
    env: 'SLUICE_API_GATEWAY_REQUESTS_PER_SECOND',
    type: 'integer',
    min: 0,
    default: 20_000,
    unit: 'requests/s',
    doc: 'HTTP requests that one client address may make over time, with twice as many at once; 0: no limit.',
  },
  upgradesPerSecond: {
    env: 'SLUICE_API_GATEWAY_UPGRADES_PER_SECOND',
    type: 'integer',
    min: 0,
    default: 10_000,
    unit: 'upgrades/s',
    doc: 'WebSockets that one client address may open over time, with twice as many at once; 0: no limit.',
  },
});

/** The settings as the environment gives them. */
export type GatewayConfig = ConfigValues<typeof GATEWAY_CONFIG.settings>;
