import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { createService, type Environment, type Service } from '@sluice/service-kit';
import { type FastifyInstance } from 'fastify';
import { ApiKeyGate } from './api-keys/api-key-gate.js';
import { gatedErrors } from './api-keys/gate-errors.js';
import { Schemes } from './api-keys/login.controller.js';
import { AppModule } from './app.module.js';
import { Intake } from './bodies/intake.js';
import { receiveBodies } from './bodies/received-bodies.js';
import { loadApplication } from './application/load-application.js';
import { type Mounted } from './channels/mounted.js';
import { CHANNEL_CONFIG, ChannelConfig } from './config.js';
import { DeclaredChannels } from './declared/declared-channels.js';
import { needsDeclarations } from './declared/declared-level.js';
import { Gateway } from './gateway.js';
import { Callers } from './http/callers.js';
import { isServedPath, namesNothing } from './http/served-paths.js';
import { slashRedirects } from './http/slashes.js';
import { createDocument } from './openapi/document.js';
import { withNamedRoutes } from './openapi/service-document.js';
import { type Application } from './sdk/application.js';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface ChannelGatewayOptions {
  /** Takes the place of the one that the environment names. */
  readonly application?: Application;
  /** Ends the process in order, when a client asks for that. */
  readonly shutDown: () => void;
}

/**
 * Puts the channel gateway together; `listen` starts it.
 * @throws ConfigError for a bad environment or application, SluiceError `LOG_UNAVAILABLE` when Redis cannot be reached
 */
export async function createChannelGateway(environment: Environment, options: ChannelGatewayOptions): Promise<Service> {
  const settings = CHANNEL_CONFIG.parse(environment);
  const config = new ChannelConfig(settings);
  const loaded = await loadApplication(options.application ?? settings.channels);
  const application = withApiKeys(loaded, config.apiKeys);
  const { apiKeys } = application.mounts;
  const gate = apiKeys === undefined ? null : new ApiKeyGate(apiKeys);
  let mounted: Mounted | null = null;
  const service = await createService({
    name: 'channel-gateway',
    module: AppModule.with({ application, config, gate, shutDown: options.shutDown }),
    config: settings,
    api: {
      title: 'Sluice channel gateway',
      description: 'Channels of records. `/openapi.json` describes those of the application by name.',
      version: '1',
      complete: (document, app) => withNamedRoutes(document, createDocument(app.get(Gateway).mounted, config)),
    },
    bodyLimitBytes: MAX_BODY_BYTES,
    isBehindGateway: true,
    dialects: [gatedErrors(gate, (path) => mounted !== null && namesNothing(mounted, path))],
    gatekeeper: gate ?? undefined,
    fastify: { exposeHeadRoutes: false },
    configure: (app, { edge }) => {
      receiveBodies(app.getHttpAdapter().getInstance() as unknown as FastifyInstance, app.get(Intake));
      app.get(Schemes).isHttps = (request) => edge.isHttps(request);
      app.get(Callers).addressOf = (request) => edge.proxies.clientAddress(request);
      const { mounted: served } = app.get(Gateway);
      mounted = served;
      levelDeclarations(app);
      serveDocument(app, () => createDocument(served, config) as unknown as OpenAPIObject);
      return { intercept: slashRedirects(edge, (path) => isServedPath(served, path)) };
    },
  });
  if (gate !== null && gate.generated !== null)
    service.log.warn(`no API keys are given; the key until the next start is ${gate.generated}`);
  return service;
}

/** Those of the environment take the place of the application's. */
function withApiKeys(application: Application, keys: readonly string[] | null): Application {
  if (keys === null) return application;
  const { mounts } = application;
  return { ...application, mounts: { ...mounts, apiKeys: { ...mounts.apiKeys, keys } } };
}

/** Before it is said that there is no such channel, or which ones there are, the newest declarations are read. */
function levelDeclarations(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const { mounted } = app.get(Gateway);
  const declared = app.get(DeclaredChannels);
  fastify.addHook('onRequest', async ({ raw }) => {
    // Without an answer from Redis, what is known here counts.
    if (needsDeclarations(mounted, raw.url ?? '/')) await declared.catchUp().catch(() => undefined);
  });
}

/** The page of the document as it is when somebody looks at it, without any network. */
function serveDocument(app: NestFastifyApplication, read: () => OpenAPIObject): void {
  const document = read();
  SwaggerModule.setup('docs', app, document, {
    patchDocumentOnRequest: read,
    jsonDocumentUrl: 'docs/openapi.json',
    yamlDocumentUrl: 'docs/openapi.yaml',
    customSiteTitle: document.info.title,
  });
}
