import { describe, expect, it } from '@jest/globals';
import { type OpenAPIObject } from '@nestjs/swagger';
import { mergeDocuments } from './openapi-merge.js';

function document(paths: string[], schemas: Record<string, object> = {}): OpenAPIObject {
  const ref = Object.keys(schemas)[0];
  const content =
    ref === undefined ? {} : { content: { 'application/json': { schema: { $ref: `#/components/schemas/${ref}` } } } };
  const item = { get: { responses: { 200: { description: 'ok', ...content } } } };
  return {
    openapi: '3.0.0',
    info: { title: 't', version: '1', description: 'All.' },
    paths: Object.fromEntries(paths.map((path) => [path, structuredClone(item)])),
    components: { schemas },
  } as OpenAPIObject;
}

const OWN = document(['/health', '/metrics'], { Thing: { type: 'string' } });

describe('the document of all services', () => {
  it("has the routes of the gateway and of every service, but each service's own health only once", () => {
    const merged = mergeDocuments(OWN, [
      {
        service: 'stream-store',
        document: document(['/data/{id}', '/health', '/health/live', '/metrics']),
        isFresh: true,
      },
    ]);
    expect(Object.keys(merged.paths).sort()).toEqual(['/data/{id}', '/health', '/metrics']);
    expect(merged.info.description).toBe('All.');
    expect(Object.keys(OWN.paths)).toHaveLength(2);
  });

  it('keeps schemas of one name apart when they differ, and shares them when they do not', () => {
    const same = document(['/same'], { Thing: { type: 'string' } });
    const other = document(['/other'], { Thing: { type: 'number' } });
    const merged = mergeDocuments(OWN, [
      { service: 'one', document: same, isFresh: true },
      { service: 'stream-store', document: other, isFresh: true },
    ]);
    expect(merged.components?.schemas).toEqual({ Thing: { type: 'string' }, StreamStoreThing: { type: 'number' } });
    expect(JSON.stringify(merged.paths['/same'])).toContain('#/components/schemas/Thing"');
    expect(JSON.stringify(merged.paths['/other'])).toContain('#/components/schemas/StreamStoreThing"');
  });

  it('says which service is away, and whether its routes are from memory', () => {
    const gone = mergeDocuments(OWN, [{ service: 'stream-store', document: null, isFresh: false }]);
    expect(gone.info.description).toMatch(/stream-store is not reachable: its routes are missing/);
    const remembered = mergeDocuments(OWN, [
      { service: 'stream-store', document: document(['/data/{id}']), isFresh: false },
    ]);
    expect(remembered.info.description).toMatch(/shown as last seen/);
    expect(Object.keys(remembered.paths)).toContain('/data/{id}');
  });
});
