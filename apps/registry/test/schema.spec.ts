import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isObjectType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
  type GraphQLArgument,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql';
import { Registry } from './support/registry.js';

/** The schema of redis-streamer, as its server prints it. */
const ORIGINAL = `
scalar Base64
scalar JSON
scalar Utf8
type Query {
  devices(ids: [String!] = null, includeAll: Boolean! = false): [Device!]!
  device(id: String! = "default"): Device!
  streamIds(match: String = null, searchMeta: Boolean! = false, prefix: String! = ""): [String!]!
  streams(ids: [String!] = null, match: String = null, prefix: String! = ""): [Stream!]!
  stream(id: String!): Stream!
}
type Device { id: String!  meta: JSON!  streamIds: [String!]!  streams: [Stream!]!  stream(streamId: String!): Stream! }
type Stream {
  id: String!
  firstEntryId: Utf8!  lastEntryId: Utf8!  lastGeneratedId: Utf8!  recordedFirstEntryId: Utf8!  maxDeletedEntryId: Utf8!
  radixTreeKeys: Int!  radixTreeNodes: Int!  groups: Int!  length: Int!  entriesAdded: Int!
  error: String!  meta: JSON!
  firstEntryTime(format: String! = ""): String!   lastEntryTime(format: String! = ""): String!
  firstEntryData: Base64!    lastEntryData: Base64!
  firstEntryString: String!  lastEntryString: String!
  firstEntryJson: JSON!      lastEntryJson: JSON!
}
type Mutation {
  updateStreamMeta(streamId: String!, meta: JSON!, deviceId: String! = "default", update: Boolean! = false): JSON!
  deleteStream(streamId: String!, deviceId: String! = "default"): JSON!
  connectDevice(deviceId: String!, meta: JSON!): JSON!
  updateDeviceMeta(deviceId: String!, meta: JSON!): JSON!
  disconnectDevice(deviceId: String!): JSON!
  flush: Int!
}
type Subscription {
  streams(streamIds: JSON!, device: String, count: Int! = 0, block: Int! = 5000, latest: Boolean! = false): DataPayloadsDataPayload!
}
union DataPayloadsDataPayload = DataPayloads | DataPayload
type DataPayload  { streamId: Utf8!  time: Utf8!  data: Base64!  string(format: String! = "utf-8"): String!  json: JSON! }
type DataPayloads { streamId: Utf8!  time: [Utf8!]!  data: [Base64!]!  string(format: String! = "utf-8"): [String!]!  json: [JSON!]! }
`;

/** Arguments with a second spelling: one of the two is needed, which the schema cannot say. */
const SPELT_TWICE = new Set(['streamId', 'deviceId']);
const DOCUMENT = new URL('../../../docs/schema.graphql', import.meta.url);
let registry: Registry;

beforeAll(async () => {
  registry = await Registry.start();
});

afterAll(() => registry.close());

async function introspect(of: Registry): Promise<GraphQLSchema> {
  return buildClientSchema(await of.data<IntrospectionQuery & Record<string, unknown>>(getIntrospectionQuery()));
}

function shownArgument({ name, type, defaultValue }: GraphQLArgument): string {
  const needed = SPELT_TWICE.has(name) ? String(type).replace(/!$/, '') : String(type);
  return `${name}: ${defaultValue === undefined && SPELT_TWICE.has(name) ? needed : String(type)} = ${JSON.stringify(defaultValue)}`;
}

/** Every field, argument and member, in words. */
function factsOf(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (type.name.startsWith('__')) return [];
    if (isUnionType(type)) return [`union ${type.name} = ${type.getTypes().join(' | ')}`];
    if (!isObjectType(type))
      return [`${isInputObjectType(type) || isEnumType(type) ? 'input' : 'scalar'} ${type.name}`];
    return Object.values(type.getFields()).flatMap((field) => [
      `${type.name}.${field.name}: ${String(field.type)}`,
      ...field.args.map((argument) => `${type.name}.${field.name}(${shownArgument(argument)})`),
    ]);
  });
}

describe('the schema', () => {
  it('holds that of the original, with names, types and defaults', async () => {
    const ours = factsOf(await introspect(registry));
    expect(ours).toEqual(expect.arrayContaining(factsOf(buildSchema(ORIGINAL))));
  });

  it('has no devices where names have none, and keeps the arguments', async () => {
    const plain = await Registry.start({ DISABLE_MULTI_DEVICE_PREFIXING: '1' }, { redis: registry.redis });
    const facts = factsOf(await introspect(plain));
    for (const gone of ['Query.devices', 'Query.device', 'Mutation.connectDevice', 'Mutation.disconnectDevice']) {
      expect(facts.filter((fact) => fact.startsWith(`${gone}:`))).toEqual([]);
    }
    expect(facts).toContain('Mutation.deleteStream(deviceId: String! = "default")');
    await plain.data('mutation { updateStreamMeta(streamId: "plain", deviceId: "any", meta: {a: 1}) }');
    expect(await registry.redis.command('GET', ':stream:meta:plain')).toBe('{"a":1}');
    await plain.close();
  });

  it('is the one in docs/schema.graphql', () => {
    const schema = registry.service.app.get(GraphQLSchemaHost).schema;
    const text = `${printSchema(lexicographicSortSchema(schema))}\n`;
    if (process.env['SLUICE_TEST_WRITE_SCHEMA'] === '1') writeFileSync(DOCUMENT, text);
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(text);
  });
});
