import { startRedis, type RedisServer } from '@sluice/testing';
import {
  ApiKeys,
  AuditTrail,
  type Service,
  SERVICE_SETTINGS,
  Tokens,
  UserDirectory,
  createService,
  defineConfig,
} from '../../src/index.js';
import { SAMPLE_ROUTES } from './routes.js';
import { SampleModule } from './sample.js';

const settings = defineConfig({
  ...SERVICE_SETTINGS,
  port: { env: 'SLUICE_SAMPLE_PORT', type: 'port', default: 0, doc: 'Port.' },
  redisUrl: { env: 'REDIS_URL', type: 'text', default: '', doc: 'Redis.' },
});

/** A service in strict mode, and what its users are kept with. */
export interface StrictSample {
  readonly service: Service;
  readonly url: string;
  readonly ws: string;
  readonly users: UserDirectory;
  readonly apiKeys: ApiKeys;
  readonly tokens: Tokens;
  readonly audit: AuditTrail;
}

/** Starts the sample service in strict mode on this Redis. */
export async function startStrict(redisUrl: string, environment: Record<string, string> = {}): Promise<StrictSample> {
  const config = settings.parse({
    SLUICE_LOG_LEVEL: 'silent',
    SLUICE_AUTH_MODE: 'strict',
    REDIS_URL: redisUrl,
    ...environment,
  });
  const service = await createService({ name: 'sample', module: SampleModule, config, routes: SAMPLE_ROUTES });
  const url = await service.listen();
  const { app } = service;
  return {
    service,
    url,
    ws: url.replace('http', 'ws'),
    users: app.get(UserDirectory),
    apiKeys: app.get(ApiKeys),
    tokens: app.get(Tokens),
    audit: app.get(AuditTrail),
  };
}

/** A Redis of its own with a strict service on it, ready. */
export async function startStrictSystem(
  environment: Record<string, string> = {},
): Promise<StrictSample & { redis: RedisServer; close(): Promise<void> }> {
  const redis = await startRedis();
  const sample = await startStrict(redis.url, environment);
  await ready(sample.url);
  const close = async (): Promise<void> => {
    await sample.service.close();
    await redis.stop();
  };
  return { ...sample, redis, close };
}

/** Resolves when the service is ready. */
export async function ready(url: string): Promise<void> {
  const { waitFor } = await import('@sluice/testing');
  await waitFor(async () => (await fetch(`${url}/health/ready`)).status === 200, { message: 'the service is ready' });
}
