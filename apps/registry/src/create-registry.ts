import { createService, type Environment, type Service } from '@sluice/service-kit';
import { type FastifyInstance } from 'fastify';
import { AppModule } from './app.module.js';
import { REGISTRY_CONFIG } from './config.js';
import { GRAPHQL_ERRORS } from './graphql/graphql-errors.js';
import { leaveBodiesOpaque } from './graphql/opaque-bodies.js';
import { addressOf } from './page/page-address.js';

/** Largest request. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Puts the registry together; `listen` starts it.
 * @throws ConfigError for a bad environment, SluiceError `LOG_UNAVAILABLE` when Redis cannot be reached
 */
export async function createRegistry(environment: Environment): Promise<Service> {
  const config = REGISTRY_CONFIG.parse(environment);
  return createService({
    name: 'registry',
    module: AppModule.with(config),
    config,
    api: {
      title: 'Sluice registry',
      description: 'Devices, streams and what is known of them, in GraphQL.',
      version: '1',
    },
    bodyLimitBytes: MAX_BODY_BYTES,
    isBehindGateway: true,
    dialects: [GRAPHQL_ERRORS],
    fastify: { exposeHeadRoutes: false, rewriteUrl: addressOf },
    configure: (app) => leaveBodiesOpaque(app.getHttpAdapter().getInstance() as unknown as FastifyInstance),
  });
}
