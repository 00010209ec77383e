import 'reflect-metadata';
import { type IncomingMessage } from 'node:http';
import { type Socket } from 'node:net';
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify';
import { type DestinationStream } from 'pino';
import { ROUTES, type RouteRule, SluiceError } from '@sluice/contracts';
import { Access } from '../auth/access.js';
import { type Gatekeeper } from '../auth/guard.js';
import { guardRequests } from '../auth/request-guard.js';
import { type ServiceConfig } from '../config/service-settings.js';
import { Edge } from '../edge/edge.js';
import { type ErrorDialect, ErrorFilter } from '../errors/error.filter.js';
import { RouteTable } from '../errors/route-table.js';
import { createValidationPipe } from '../errors/validation.js';
import { Readiness } from '../health/readiness.js';
import { NestLog, createLogger } from '../log/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { measureIntake } from '../sockets/intake-metrics.js';
import { UpgradeRouter } from '../sockets/upgrade-router.js';
import { type Certificates } from '../tls/certificates.js';
import { endSlowRequest, refuseBrokenRequest } from './broken-requests.js';
import { type DoorOptions, Doors } from './doors.js';
import { Drain } from './drain.js';
import { type RequestInterceptor } from './http-server.js';
import { assertMayListen } from './listen-address.js';
import { type ApiDescription, serveOpenApi } from './open-api.js';
import { countBodies } from './received-bodies.js';
import { ServiceModule, type ServiceParts } from './service-module.js';
import { SlowBodies } from './slow-bodies.js';

/** Takes an upgraded socket over. */
export type UpgradeHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => Promise<void> | void;

/** What a service may put before or in place of the kit's own handling. */
interface ServiceHooks {
  /** Handles requests before the router. */
  readonly intercept?: RequestInterceptor;
  /** Handles upgrades instead of the `UpgradeRouter`. */
  readonly upgrade?: UpgradeHandler;
}

export interface ServiceOptions<Config extends ServiceConfig> {
  /** Name in logs, metrics and health. */
  readonly name: string;
  readonly module: Type | DynamicModule;
  /** With a `redisUrl` the service knows users, tokens and API keys, which strict mode needs. */
  readonly config: Config & { readonly redisUrl?: string };
  /** Head of the OpenAPI document; without it the service has no `/api-docs` of its own. */
  readonly api?: ApiDescription;
  /** Largest request body; 1 MiB unless given. */
  readonly bodyLimitBytes?: number;
  /** Services that stand behind our own gateway on the same machine believe its forwarded headers. */
  readonly isBehindGateway?: boolean;
  /** Ports beside the main one, where paths have other names. */
  readonly doors?: readonly DoorOptions[];
  /** Makes all doors speak TLS; without it they speak plain HTTP. Stopped with the service. */
  readonly certificates?: Certificates | null;
  /** Error shapes of the dialects the service speaks. */
  readonly dialects?: readonly ErrorDialect[];
  /** Who may call which route; the table of the system unless given. */
  readonly routes?: readonly RouteRule[];
  /** Keys of the service's own. */
  readonly gatekeeper?: Gatekeeper | undefined;
  /** More options of Fastify. */
  readonly fastify?: FastifyServerOptions;
  /** Registers plugins and parsers; runs when the modules exist and before their routes do. */
  configure?(
    app: NestFastifyApplication,
    parts: ServiceParts & { readonly edge: Edge },
  ): Promise<ServiceHooks | void> | ServiceHooks | void;
  /** Where log lines go instead of standard output. */
  readonly logTo?: DestinationStream;
}

/** A service that is put together; `listen` starts it. */
export interface Service extends ServiceParts {
  readonly app: NestFastifyApplication;
  readonly edge: Edge;
  /** URLs of the doors beside the main one by name; empty until they are open. */
  readonly doorUrls: ReadonlyMap<string, string>;
  /** Starts to serve at all doors; resolves with the base URL, which names the port that was really taken. */
  listen(): Promise<string>;
  /** Drains within the configured time and frees everything. Never rejects; may be called twice. */
  close(): Promise<void>;
}

/**
 * Makes a Nest application on Fastify with everything every service has: health, metrics, logs, request ids, error
 * bodies, host and origin checks, CORS, WebSocket routes, and an orderly end.
 * @throws ConfigError when the service would listen beyond loopback without being told so
 */
export async function createService<Config extends ServiceConfig>(options: ServiceOptions<Config>): Promise<Service> {
  const { config } = options;
  assertMayListen(config);
  const log = createLogger({
    service: options.name,
    level: config.logLevel,
    ...(options.logTo === undefined ? {} : { to: options.logTo }),
  });
  const edge = new Edge(config, { trustsLoopback: options.isBehindGateway === true });
  const access = new Access({
    service: options.name,
    config,
    routes: options.routes ?? ROUTES,
    log,
    addressOf: (request) => edge.proxies.clientAddress(request),
    gatekeeper: options.gatekeeper,
  });
  const parts: ServiceParts = {
    log,
    config,
    readiness: new Readiness(options.name),
    metrics: new Metrics(options.name),
    drain: new Drain(log, config.drainTimeoutMs),
    upgrades: new UpgradeRouter(edge, access.guard, log, config),
  };
  measureIntake(parts.upgrades, parts.metrics.registry);
  parts.readiness.add('access', () => access.check());
  let intercept: RequestInterceptor | null = null;
  const routes = new RouteTable();
  const errors = new ErrorFilter(log, routes, options.dialects ?? []);
  const intercepting: RequestInterceptor = (request, response) => intercept?.(request, response) ?? false;
  const doors = new Doors(
    config.host,
    { edge, slow: new SlowBodies(endSlowRequest), intercept: intercepting },
    options.doors ?? [],
    options.certificates ?? null,
  );
  const adapter = createAdapter(options, edge, errors, doors);
  routes.watch(adapter.getInstance() as unknown as FastifyInstance);
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  guardRequests(fastify, access.guard, errors);
  countRequests(fastify, parts.metrics);
  countBodies(fastify, parts.metrics.registry);
  access.start();
  const { app, hooks } = await makeApp(options, { adapter, parts, edge, errors, access }).catch(
    async (error: unknown) => {
      await access.close();
      throw error;
    },
  );
  intercept = hooks.intercept ?? null;
  const upgrade = hooks.upgrade ?? parts.upgrades.handle.bind(parts.upgrades);
  doors.onUpgrade(upgrade);
  return assemble({ app, edge, access, parts, config, doors, certificates: options.certificates ?? null });
}

interface AppParts {
  readonly adapter: FastifyAdapter;
  readonly parts: ServiceParts;
  readonly edge: Edge;
  readonly errors: ErrorFilter;
  readonly access: Access;
}

/** Makes the Nest application up to where it could listen. @throws Error naming routes that the table does not know */
async function makeApp<Config extends ServiceConfig>(
  options: ServiceOptions<Config>,
  { adapter, parts, edge, errors, access }: AppParts,
): Promise<{ app: NestFastifyApplication; hooks: ServiceHooks }> {
  const module = ServiceModule.around(options.module, parts, access.records);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLog(parts.log),
    abortOnError: false,
  });
  app.useGlobalFilters(errors);
  app.useGlobalPipes(createValidationPipe());
  const hooks = (await options.configure?.(app, { ...parts, edge })) ?? {};
  if (options.api !== undefined) serveOpenApi(app, options.api);
  await app.init();
  access.guard.assertComplete();
  return { app, hooks };
}

function createAdapter<Config extends ServiceConfig>(
  options: ServiceOptions<Config>,
  edge: Edge,
  errors: ErrorFilter,
  doors: Doors,
): FastifyAdapter {
  const fastifyOptions: FastifyServerOptions = {
    logger: false,
    bodyLimit: options.bodyLimitBytes ?? 1024 * 1024,
    requestIdHeader: false,
    // Paths whose percent-encoding stands for nothing are refused before any route is looked for.
    frameworkErrors: (_error, request, reply) =>
      errors.answer(brokenPath(request.raw), request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: refuseBrokenRequest,
    genReqId: (request) => edge.requestId(request),
    ...options.fastify,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096, ...options.fastify?.routerOptions },
    serverFactory: (handler) => doors.create(handler),
  };
  return new FastifyAdapter(fastifyOptions);
}

/** Said anew: the framework's own words have the whole address in them, and with it a token of the query. */
function brokenPath({ url = '/' }: IncomingMessage): SluiceError {
  const path = url.split('?', 1)[0];
  return new SluiceError('INVALID_PARAMETER', `${path} is no path: its percent-encoding stands for nothing`);
}

function countRequests(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    metrics.countRequest(request.method, reply.statusCode, reply.elapsedTime);
    done();
  });
}

interface Assembly {
  readonly app: NestFastifyApplication;
  readonly edge: Edge;
  readonly access: Access;
  readonly parts: ServiceParts;
  readonly config: ServiceConfig;
  readonly doors: Doors;
  readonly certificates: Certificates | null;
}

function assemble({ app, edge, access, parts, config, doors, certificates }: Assembly): Service {
  const { log, drain, readiness, upgrades } = parts;
  const doorUrls = new Map<string, string>();
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    readiness.stop();
    certificates?.stop();
    const closed = doors.stopListening();
    drain.add(
      'sockets',
      () => upgrades.drain(),
      () => upgrades.stop(),
    );
    drain.add(
      'requests',
      () => closed,
      () => doors.cut(),
    );
    await drain.run();
    await closed;
    await app.close().catch((error: unknown) => {
      log.error({ err: error }, 'a module failed to close');
    });
    await access.close();
    log.info('stopped');
  };
  return {
    ...parts,
    app,
    edge,
    doorUrls,
    listen: async () => {
      await app.listen(config.port, config.host);
      certificates?.watch(log);
      const { url } = doors;
      log.info({ url }, 'listening');
      for (const [door, doorUrl] of await doors.listen()) {
        doorUrls.set(door, doorUrl);
        log.info({ door, url: doorUrl }, 'listening');
      }
      return url;
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
