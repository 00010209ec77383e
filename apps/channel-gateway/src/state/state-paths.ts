import { dataPath, listing, type DescribedPaths } from '../openapi/operations.js';
import { type RecordSchemas } from '../openapi/schemas.js';
import { type StateCatalogue } from './state-catalogue.js';

const ROOT = '/api/v1/state/';

/** The states in the document. */
export function statePaths({ shown }: StateCatalogue, schemas: RecordSchemas): DescribedPaths {
  const paths = shown.map(({ name, keyBy, channel: { declaration } }): DescribedPaths[number] => {
    const keys = keyBy.map((path) => `'${path}'`).join(', ');
    const get = dataPath({
      tag: 'State',
      summary: `Get state ${name}`,
      type_: declaration.type.qualifiedName,
      description: `**Keyed by:** ${keys}\n\nThe newest record for each combination of these.`,
      answer: schemas.outputList(declaration.type, `Response Get state ${name}`),
      parameters: [queryParameter(), ...OWN_PARAMETERS],
    });
    return [`${ROOT}${name}`, { get }];
  });
  return [[ROOT, { get: listing('State', 'List state channels') }], ...paths];
}

function queryParameter(): Record<string, unknown> {
  return {
    name: 'query',
    in: 'query',
    required: false,
    description: 'Conditions that must all hold: `{"filters":[{"attr":"x","by":{"value":5,"where":">="}}]}`',
    content: { 'application/json': { schema: { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'Query' } } },
  };
}

const OWN_PARAMETERS = (
  [
    ['limit', 'integer', 'Records at the most.'],
    ['offset', 'integer', 'Records to pass over.'],
    ['sort', 'string', 'Attributes to sort by, with `-` for descending: `x,-y`.'],
    ['fields', 'string', 'Attributes to show: `id,x`.'],
    ['lenient', 'boolean', 'Conditions on what there is not are left out instead of refused.'],
  ] as const
).map(([name, type, description]) => ({ name, in: 'query', required: false, description, schema: { type } }));
