import {
  createOpenApi,
  createService,
  openCertificates,
  type DoorOptions,
  type Environment,
  type Service,
} from '@sluice/service-kit';
import { type FastifyInstance } from 'fastify';
import { Clients } from './access/clients.js';
import { LOGIN_ERRORS } from './access/login-errors.js';
import { readForms } from './access/login-form.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './config.js';
import { OwnDocument } from './documents/own-document.js';
import { addGatewayMetrics } from './gateway-metrics.js';
import { GatewayModule } from './gateway.module.js';
import { addServiceChecks } from './health/service-checks.js';
import { Limits } from './limits/limits.js';
import { servePages } from './page/static-files.js';
import { HttpProxy } from './proxy/http-proxy.js';
import { Upstreams } from './proxy/services.js';
import { UpgradeProxy } from './proxy/upgrade-proxy.js';
import { fromPtgDoor } from './routing/addresses.js';
import { interceptor } from './routing/interceptor.js';

const API = {
  title: 'Sluice',
  description: 'Binary streams for many devices: everything that is served at this address.',
  version: '1',
};

/**
 * Puts the gateway together; `listen` starts it. Services need not be there yet: their paths answer 503 until they are.
 * @throws ConfigError for a bad environment
 */
export async function createGateway(environment: Environment): Promise<Service> {
  const config = GATEWAY_CONFIG.parse(environment);
  const upstreams = new Upstreams({
    'stream-store': config.streamStoreUrls,
    registry: config.registryUrls,
    'channel-gateway': config.channelGatewayUrls,
  });
  const limits = new Limits(config);
  return createService({
    name: 'api-gateway',
    module: GatewayModule.with(upstreams),
    config,
    doors: doorsOf(config),
    certificates: await openCertificates(config),
    dialects: [LOGIN_ERRORS],
    configure: async (app, { edge, metrics, readiness, drain }) => {
      const http = new HttpProxy(edge, metrics, config.maxBodyBytes);
      const upgrades = new UpgradeProxy(edge, upstreams, limits.upgrades);
      addServiceChecks(readiness, upstreams);
      addGatewayMetrics(metrics, http, upgrades);
      drain.add('live answers', () => http.endLive());
      drain.add(
        'pipes',
        () => upgrades.drain(),
        () => upgrades.stop(),
      );
      app.get(Clients).use(edge);
      readForms(app.getHttpAdapter().getInstance() as unknown as FastifyInstance);
      app.get(OwnDocument).use(() => createOpenApi(app, API));
      await servePages(app);
      return {
        intercept: interceptor({ edge, limits, upstreams, http }),
        upgrade: (request, socket, head) => upgrades.handle(request, socket, head),
      };
    },
  });
}

/** The doors beside the front one. */
function doorsOf({ ptgPort }: GatewayConfig): DoorOptions[] {
  if (ptgPort === null) return [];
  return [{ name: 'ptg', port: ptgPort, variable: 'SLUICE_API_GATEWAY_PTG_PORT', target: fromPtgDoor }];
}
