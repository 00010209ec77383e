import { type OpenAPIObject } from '@nestjs/swagger';
import { type Json } from './schemas.js';

/** What the application's document describes name by name. */
const NAMED = /^\/api\/v1\/(last|next|lookup|send|state|stage|controls|field)(\/|$)/;

/** The document of the service's routes, with those of the application by name in place of their patterns. */
export function withNamedRoutes(document: OpenAPIObject, application: Json): OpenAPIObject {
  const { paths, components } = application as unknown as OpenAPIObject;
  const others = Object.entries(document.paths).filter(([path]) => !NAMED.test(path));
  return {
    ...document,
    paths: { ...Object.fromEntries(others), ...paths },
    components: {
      ...document.components,
      ...components,
      schemas: { ...document.components?.schemas, ...components?.schemas },
    },
  };
}
