import { type Channel } from '../engine/catalogue.js';
import { type Mounted } from '../channels/mounted.js';
import { stagePaths } from '../staging/stage-paths.js';
import { statePaths } from '../state/state-paths.js';
import { type ApiKeyOptions } from '../sdk/application.js';
import { Controls } from '../records/controls.js';
import { type Json, RecordSchemas } from './schemas.js';
import {
  FIXED_SCHEMAS,
  keyParameter,
  idParameter,
  listing,
  named,
  operation,
  problem,
  type Operation,
} from './operations.js';

const API = '/api/v1';

/**
 * The OpenAPI document of an application, derived from its record types. Clients find out from it what is served, and which
 * columns a channel has.
 */
export function createDocument(mounted: Mounted, { isStrict }: { readonly isStrict: boolean }): Json {
  const { title, description, version, contact, mounts } = mounted.application;
  const schemes = securitySchemes(mounts.apiKeys, isStrict);
  const schemas = new RecordSchemas();
  const paths = Object.fromEntries([
    ...readPaths(mounted, schemas, 'last', 'Last'),
    ...readPaths(mounted, schemas, 'next', 'Next'),
    ...lookupPaths(mounted, schemas),
    ...sendPaths(mounted, schemas),
    ...statePaths(mounted.states, schemas),
    ...stagePaths(mounted, schemas),
    ...controlPaths(mounted, schemas),
    ...otherPaths(mounted),
  ]);
  return {
    openapi: '3.1.0',
    info: { title, description, contact, version },
    paths: schemes === null ? paths : secured(paths, Object.keys(schemes)),
    components: {
      schemas: { ...schemas.components, ...FIXED_SCHEMAS },
      ...(schemes === null ? {} : { securitySchemes: schemes }),
    },
  };
}

const SCHEMES = { APIKeyQuery: 'query', APIKeyHeader: 'header', APIKeyCookie: 'cookie' } as const;

/** The ways a credential may come: a key of the application's in three places, in strict mode also what the system knows; null: none is needed. */
function securitySchemes(keys: ApiKeyOptions | undefined, isStrict: boolean): Json | null {
  if (keys === undefined && !isStrict) return null;
  const { name = 'token' } = keys ?? {};
  const inPlaces = Object.entries(SCHEMES).map(([scheme, place]) => [scheme, { type: 'apiKey', in: place, name }]);
  return { ...Object.fromEntries(inPlaces), ...(isStrict ? { HTTPBearer: { type: 'http', scheme: 'bearer' } } : {}) };
}

/** Any of them will do. */
function secured(paths: Readonly<Record<string, Readonly<Record<string, Json>>>>, schemes: readonly string[]): Json {
  const security = schemes.map((scheme) => ({ [scheme]: [] }));
  const all = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(Object.entries(operations).map(([method, one]) => [method, { ...one, security }])),
  ]);
  return Object.fromEntries(all) as Json;
}

type Paths = [path: string, operations: Readonly<Record<string, Json>>][];

function readPaths(mounted: Mounted, schemas: RecordSchemas, group: 'last' | 'next', tag: string): Paths {
  const verb = group === 'last' ? 'Get last' : 'Get next';
  const paths = mounted.channels(group).flatMap((channel): Paths => {
    const whole = { ...dataOperation(channel, schemas, tag, `${verb} ${channel.name}`), parameters: [] };
    if (channel.keys === null) return [[`${API}/${group}/${channel.name}`, { get: operation(whole) }]];
    const { type_: _type, ...untyped } = whole;
    const keyed = {
      ...dataOperation(channel, schemas, tag, `${verb} ${channel.name} by key`),
      parameters: [keyParameter(channel)],
    };
    return [
      [`${API}/${group}/${channel.name}`, { get: operation(untyped) }],
      [`${API}/${group}/${channel.name}/{key}`, { get: operation(keyed) }],
    ];
  });
  return [[`${API}/${group}/`, { get: listing(tag, `List ${group} channels`) }], ...paths];
}

function dataOperation(channel: Channel, schemas: RecordSchemas, tag: string, summary: string): Operation {
  const { type } = channel.declaration;
  return {
    tag,
    summary,
    type_: type.qualifiedName,
    answer: schemas.outputList(type, `Response ${summary}`),
    problems: [problem(404), problem(422)],
  };
}

function lookupPaths(mounted: Mounted, schemas: RecordSchemas): Paths {
  const channels = mounted.channels('lookup');
  const paths = channels.map(({ name, declaration: { type } }): Paths[number] => [
    `${API}/lookup/${name}/{id}`,
    {
      get: operation({
        tag: 'Lookup',
        summary: `Lookup ${name}`,
        type_: type.qualifiedName,
        answer: schemas.outputList(type, `Response Lookup ${name}`),
        parameters: [idParameter()],
        problems: [problem(404), problem(422)],
      }),
    },
  ]);
  const any = operation({
    tag: 'Lookup',
    summary: 'Lookup any record',
    answer: { type: 'array', items: { type: 'object' } },
    parameters: [idParameter()],
    problems: [problem(404), problem(422)],
  });
  return [
    [`${API}/lookup/`, { get: listing('Lookup', 'List lookup channels') }],
    [`${API}/lookup/id/{id}`, { get: any }],
    ...paths,
  ];
}

function sendPaths(mounted: Mounted, schemas: RecordSchemas): Paths {
  const paths = mounted.channels('send').flatMap((channel): Paths => {
    const { name, keys, declaration } = channel;
    const record = schemas.input(declaration.type);
    const oneOrMany = { anyOf: [{ type: 'array', items: record }, record], title: 'Data' };
    const base = dataOperation(channel, schemas, 'Requests', `Send ${name}`);
    if (keys === null) return [[`${API}/send/${name}`, { post: operation({ ...base, body: oneOrMany }) }]];
    const item = declaration.isList ? oneOrMany : record;
    const members = Object.fromEntries([...keys.keys()].map((key) => [key, item]));
    const whole = { type: 'object', title: 'Data', properties: members, additionalProperties: false };
    const byKey = { ...base, summary: `Send ${name} by key`, body: oneOrMany, parameters: [keyParameter(channel)] };
    return [
      [`${API}/send/${name}`, { post: operation({ ...base, body: whole }) }],
      [`${API}/send/${name}/{key}`, { post: operation(byKey) }],
    ];
  });
  return [[`${API}/send/`, { get: listing('Requests', 'List send channels') }], ...paths];
}

function controlPaths(mounted: Mounted, schemas: RecordSchemas): Paths {
  const { controls } = mounted.application.mounts;
  if (controls === undefined) return [];
  const methods = { heartbeat: 'get', stats: 'get', shutdown: 'post' } as const;
  const paths = (['heartbeat', 'stats', 'shutdown'] as const)
    .filter((name) => controls[name] === true)
    .map((name): Paths[number] => [
      `${API}/controls/${name}`,
      {
        [methods[name]]: operation({
          tag: 'Controls',
          summary: named(name),
          type_: Controls.qualifiedName,
          answer: schemas.outputList(Controls as never, `Response ${named(name)}`),
        }),
      },
    ]);
  return [[`${API}/controls/`, { get: listing('Controls', 'List controls') }], ...paths];
}

function otherPaths(mounted: Mounted): Paths {
  const value = { title: 'Value' };
  const fields = mounted.fields.map((name): Paths[number] => [
    `${API}/field/${name}`,
    { get: operation({ tag: 'Utility', summary: `Get field ${name}`, answer: value }) },
  ]);
  const objects = ['perspective/tables', 'perspective/layouts', 'perspective/meta'].map((name): Paths[number] => [
    `${API}/${name}`,
    { get: operation({ tag: 'Utility', summary: `Get ${name}`, answer: { type: 'object' } }) },
  ]);
  const graph: Paths =
    mounted.application.mounts.channelsGraph === true
      ? [
          [
            `${API}/channels_graph`,
            { get: operation({ tag: 'Utility', summary: 'Get channels graph', answer: { type: 'object' } }) },
          ],
        ]
      : [];
  return [
    [`${API}/stream`, { get: listing('Streaming', 'List streaming channels') }],
    [`${API}/field`, { get: listing('Utility', 'List fields') }],
    ...fields,
    ...graph,
    ...objects,
  ];
}
