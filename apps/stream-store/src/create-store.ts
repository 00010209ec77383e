import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createService, type Environment, type Service } from '@sluice/service-kit';
import multipart from '@fastify/multipart';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { STORE_CONFIG } from './config.js';
import { STREAMER_ERRORS } from './dialect/dialect-errors.js';
import { MAX_PART_BYTES, MULTIPART_OPTIONS } from './dialect/multipart-entries.js';
import { PTG_ERRORS } from './ptg/ptg-errors.js';
import { ENTRIES_TYPE } from './v1/http/frames.js';
import { mediaTypeOf } from './v1/http/request-payloads.js';

/** Requests whose body is an entry, or should have been a form of entries: never parsed by its content type. */
const RAW_BODY_PATHS = /^\/((ptg\/)?data\/|v1\/streams\/[^/]+\/[^/]+\/entries\/?$)/;
/** Requests whose body is JSON in words of a dialect, which also says what is wrong with it. */
const DIALECT_JSON_PATHS = /^\/ptg\/(streams\/|(recipes|sess)(\/|$))/;
const OPAQUE = 'application/octet-stream';

/**
 * Puts the stream store together; `listen` starts it.
 * @throws ConfigError for a bad environment, SluiceError `LOG_UNAVAILABLE` when Redis cannot be reached
 */
export async function createStore(environment: Environment): Promise<Service> {
  const config = STORE_CONFIG.parse(environment);
  return createService({
    name: 'stream-store',
    module: AppModule.with(config),
    config,
    api: {
      title: 'Sluice stream store',
      description: 'Streams of entries: push, pull, ranges, retention, groups.',
      version: '1',
    },
    bodyLimitBytes: MAX_PART_BYTES,
    isBehindGateway: true,
    dialects: [PTG_ERRORS, STREAMER_ERRORS],
    fastify: { exposeHeadRoutes: false },
    configure: readBodies,
  });
}

/** Forms are read part by part; every other body of an entry comes as the bytes it is. */
async function readBodies(app: NestFastifyApplication): Promise<void> {
  await app.register(multipart, MULTIPART_OPTIONS);
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (request.method === 'POST') forgetContentType(request, RAW_BODY_PATHS);
    if (['POST', 'PUT'].includes(request.method)) forgetContentType(request, DIALECT_JSON_PATHS);
    done();
  });
}

function forgetContentType({ raw }: FastifyRequest, paths: RegExp): void {
  const type = mediaTypeOf(raw.headers);
  if (type === 'multipart/form-data' || type === ENTRIES_TYPE) return;
  if (paths.test((raw.url ?? '').split('?', 1)[0] as string)) raw.headers['content-type'] = OPAQUE;
}
