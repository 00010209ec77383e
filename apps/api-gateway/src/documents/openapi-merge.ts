import { type OpenAPIObject } from '@nestjs/swagger';

/** A service's own document, or that it has none to give now. */
export interface ServiceDocument {
  readonly service: string;
  readonly document: OpenAPIObject | null;
  /** False when the document is an older copy, because the service does not answer. */
  readonly isFresh: boolean;
}

type SecuritySchemes = NonNullable<NonNullable<OpenAPIObject['components']>['securitySchemes']>;

/** Paths every service has for itself; the front door's own stand for all. */
const PRIVATE_PATHS = /^\/(health|metrics|api-docs|docs)(\/|$)/;

/**
 * One document of the gateway's and all services' documents. Schemas that services name alike but describe differently
 * get the service's name before theirs. A service that does not answer is named in the description.
 */
export function mergeDocuments(own: OpenAPIObject, services: readonly ServiceDocument[]): OpenAPIObject {
  const merged: OpenAPIObject = structuredClone(own);
  const schemas: Record<string, unknown> = { ...merged.components?.schemas };
  for (const { service, document } of services) {
    if (document !== null) addDocument(merged, schemas, service, document);
  }
  merged.components = {
    ...merged.components,
    schemas: schemas as NonNullable<typeof merged.components>['schemas'] & object,
  };
  const schemes = services.map(({ document }) => document?.components?.securitySchemes);
  if (schemes.some((one) => one !== undefined)) {
    merged.components.securitySchemes = Object.assign(
      {},
      merged.components.securitySchemes,
      ...schemes,
    ) as SecuritySchemes;
  }
  const notices = services.filter(({ isFresh }) => !isFresh).map(noticeOf);
  if (notices.length > 0) merged.info.description = [merged.info.description, ...notices].join('\n\n');
  return merged;
}

function addDocument(
  merged: OpenAPIObject,
  schemas: Record<string, unknown>,
  service: string,
  document: OpenAPIObject,
): void {
  const renamed = renameClashing(document, schemas, service);
  Object.assign(schemas, renamed.components?.schemas);
  for (const [path, item] of Object.entries(renamed.paths)) {
    if (!PRIVATE_PATHS.test(path)) merged.paths[path] = item;
  }
  merged.tags = [...(merged.tags ?? []), ...(renamed.tags ?? [])];
}

function renameClashing(document: OpenAPIObject, schemas: Record<string, unknown>, service: string): OpenAPIObject {
  const clashing = Object.entries(document.components?.schemas ?? {})
    .filter(([name, schema]) => name in schemas && JSON.stringify(schemas[name]) !== JSON.stringify(schema))
    .map(([name]) => name);
  if (clashing.length === 0) return document;
  const prefix = service.replaceAll(/(?:^|-)(\w)/g, (_match, letter: string) => letter.toUpperCase());
  let text = JSON.stringify(document);
  for (const name of clashing)
    text = text.replaceAll(`"#/components/schemas/${name}"`, `"#/components/schemas/${prefix}${name}"`);
  const copy = JSON.parse(text) as OpenAPIObject;
  const entries = Object.entries(copy.components?.schemas ?? {});
  const named = entries.map(([name, schema]) => [clashing.includes(name) ? `${prefix}${name}` : name, schema] as const);
  return { ...copy, components: { ...copy.components, schemas: Object.fromEntries(named) } };
}

function noticeOf({ service, document }: ServiceDocument): string {
  const what = document === null ? 'its routes are missing here' : 'its routes are shown as last seen';
  return `**${service} is not reachable: ${what}.**`;
}
