import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** What stands at the head of a service's OpenAPI document. */
export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  readonly version: string;
}

/** Serves the service's OpenAPI page at `/api-docs` and its document at `/api-docs/openapi.json`, without any network. */
export function serveOpenApi(app: INestApplication, api: ApiDescription): void {
  SwaggerModule.setup('api-docs', app, () => createOpenApi(app, api), {
    jsonDocumentUrl: 'api-docs/openapi.json',
    yamlDocumentUrl: 'api-docs/openapi.yaml',
    customSiteTitle: api.title,
  });
}

/** The OpenAPI document of a service's controllers. */
export function createOpenApi(app: INestApplication, api: ApiDescription): OpenAPIObject {
  const head = new DocumentBuilder()
    .setTitle(api.title)
    .setDescription(api.description)
    .setVersion(api.version)
    .build();
  return SwaggerModule.createDocument(app, head);
}
