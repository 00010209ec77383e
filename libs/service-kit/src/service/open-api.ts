import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** What stands at the head of a service's OpenAPI document. */
export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Says more than the controllers do; asked whenever somebody looks at the document. */
  readonly complete?: (document: OpenAPIObject, app: INestApplication) => OpenAPIObject;
}

/** Serves the service's OpenAPI page at `/api-docs` and its document at `/api-docs/openapi.json`, without any network. */
export function serveOpenApi(app: INestApplication, api: ApiDescription): void {
  const { complete } = api;
  SwaggerModule.setup('api-docs', app, () => createOpenApi(app, api), {
    ...(complete === undefined
      ? {}
      : { patchDocumentOnRequest: (_request, _response, document) => complete(document, app) }),
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
