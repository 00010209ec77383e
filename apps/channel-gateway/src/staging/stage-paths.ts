import { type Mounted } from '../channels/mounted.js';
import { dataPath, listing, type DescribedPaths } from '../openapi/operations.js';
import { type RecordSchemas } from '../openapi/schemas.js';

const ROOT = '/api/v1/stage/';
const ID = {
  name: 'id',
  in: 'query',
  required: false,
  description: 'Ids of staging areas with commas between them; absent and empty mean different things.',
  schema: { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'Id' },
};

/** The staging areas in the document. */
export function stagePaths(mounted: Mounted, schemas: RecordSchemas): DescribedPaths {
  const channels = mounted.channels('stage');
  if (channels.length === 0) return [];
  const paths = channels.map(({ name, declaration: { type } }): DescribedPaths[number] => {
    const areas = { type: 'object', additionalProperties: schemas.outputList(type, `Staged ${name}`) };
    const common = { tag: 'Stage', type_: type.qualifiedName, answer: areas, parameters: [ID] };
    const body = { anyOf: [schemas.input(type), { type: 'null' }], title: 'Data' };
    const ids = { type: 'array', title: `Response List staging areas of ${name}`, items: { type: 'string' } };
    return [
      `${ROOT}${name}`,
      {
        post: dataPath({ ...common, summary: `Stage ${name}`, body, isBodyOptional: true }),
        delete: dataPath({ ...common, summary: `Unstage ${name}`, body, isBodyOptional: true }),
        patch: dataPath({ ...common, summary: `Release staged ${name}` }),
        get: dataPath({ tag: 'Stage', summary: `List staging areas of ${name}`, answer: ids, parameters: [ID] }),
        put: dataPath({ ...common, summary: `Lookup staged ${name}` }),
      },
    ];
  });
  return [[ROOT, { get: listing('Stage', 'List stage channels') }], ...paths];
}
