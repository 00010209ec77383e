import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';

const PUBLIC_FOLDER = fileURLToPath(new URL('../../public/', import.meta.url));

/** Serves the page's files and those of the documents' page, and what keeps foreign code and frames off them. */
export async function servePages(app: NestFastifyApplication): Promise<void> {
  await app.register(helmet, {
    // The page must also work over plain HTTP on a local network: nothing may turn its requests into HTTPS.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        // Swagger UI sets styles of its own.
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  });
  await app.register(fastifyStatic, { root: PUBLIC_FOLDER, prefix: '/page/', cacheControl: false });
  await app.register(fastifyStatic, {
    root: swaggerFolder(),
    prefix: '/api-docs/ui/',
    decorateReply: false,
    index: false,
    maxAge: '1h',
  });
}

/** Where the package of Nest's OpenAPI module finds Swagger UI. */
function swaggerFolder(): string {
  const nestSwagger = createRequire(import.meta.url).resolve('@nestjs/swagger');
  return dirname(createRequire(nestSwagger).resolve('swagger-ui-dist/package.json'));
}
