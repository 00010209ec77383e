import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';

let one: TestGateway;

beforeAll(async () => {
  one = await TestGateway.start({ application: lab() });
});

afterAll(async () => {
  await one?.close();
});

const declaration = (name: string): object => ({
  name,
  record: { type: 'object', properties: { part: { type: 'string' } } },
});
const object = (properties: object, more: object = {}): object => ({ record: { type: 'object', properties, ...more } });
const field = (schema: unknown): object => object({ f: schema });
const deep = (levels: number): object =>
  levels === 0 ? { type: 'string' } : { type: 'array', items: deep(levels - 1) };
/** Small to write, and large when its references are resolved. */
const laughs = {
  record: {
    type: 'object',
    properties: { f: { $ref: '#/$defs/d9' } },
    $defs: Object.fromEntries(
      Array.from({ length: 10 }, (_value, at) => [
        `d${at}`,
        at === 0
          ? { type: 'string' }
          : { type: 'object', properties: { a: { $ref: `#/$defs/d${at - 1}` }, b: { $ref: `#/$defs/d${at - 1}` } } },
      ]),
    ),
  },
};

describe('refused is a declaration', () => {
  it.each([
    ['that is no object', []],
    ['without a name', { name: undefined }],
    ['with a bad name', { name: '1a' }],
    ['with a name of another kind', { name: 5 }],
    ['with a long name', { name: 'n'.repeat(101) }],
    ['without a record', { record: undefined }],
    ['with an unknown member', { more: 1 }],
    ['with an unknown shape', { shape: 'cube' }],
    ['of a scalar with keys', { keys: ['a'] }],
    ['of a basket without keys', { shape: 'basket' }],
    ['of a basket with a key twice', { shape: 'basket', keys: ['a', 'a'] }],
    ['of a basket with too many keys', { shape: 'basket', keys: Array.from({ length: 1_001 }, (_v, at) => `k${at}`) }],
    ['of a basket that is staged', { shape: 'basket', keys: ['a'], staged: true }],
    ['that nothing can tick', { sendable: false }],
    ['with a flag that is none', { sendable: 'yes' }],
    ['with a state without keys', { states: [{}] }],
    ['with a state keyed by what there is not', { states: [{ keyBy: ['nope'] }] }],
    ['with a bad state name', { states: [{ keyBy: ['id'], alias: '$' }] }],
    ['with two states of one name', { states: [{ keyBy: ['id'] }, { keyBy: ['timestamp'] }] }],
    ['with a state of a basket as a whole', { shape: 'basket', keys: ['a'], states: [{ keyBy: ['id'] }] }],
    ['with too many states', { states: Array.from({ length: 11 }, (_v, at) => ({ keyBy: ['id'], alias: `s${at}` })) }],
    ['that is too large', { description: 'x'.repeat(70_000) }],
    ['with a record that is no object', { record: { type: 'string' } }],
    ['with a record that takes anything', object({}, { additionalProperties: true })],
    ['with a field id', object({ id: { type: 'string' } })],
    ['with a bad field name', object({ 'a b': { type: 'string' } })],
    [
      'with the field __proto__',
      JSON.parse('{"record":{"type":"object","properties":{"__proto__":{"type":"string"}}}}'),
    ],
    ['that requires what there is not', object({}, { required: ['x'] })],
    ['with an object that requires what there is not', field({ type: 'object', properties: {}, required: ['x'] })],
    ['with a map that requires something', field({ type: 'object', required: ['x'] })],
    ['with an unknown type', field({ type: 'decimal' })],
    ['with a schema without a type', field({ minLength: 3 })],
    ['with a schema that is true', field(true)],
    ['with an unknown keyword', field({ type: 'string', 'x-record-type': {} })],
    ['with a keyword of another type', field({ type: 'string', minimum: 1 })],
    ['with a pattern', field({ type: 'string', pattern: '(a+)+$' })],
    ['with an unknown format', field({ type: 'string', format: 'regex' })],
    ['with a bound that is none', field({ type: 'integer', minimum: 'x' })],
    ['with a length below zero', field({ type: 'string', minLength: -1 })],
    ['with a default that is refused', field({ type: 'integer', minimum: 3, default: 2 })],
    ['with a default of another type', field({ type: 'integer', default: {} })],
    ['with an empty enumeration', field({ enum: [] })],
    ['with a mixed enumeration', field({ enum: [1, 'a'] })],
    ['with several types', field({ type: ['string', 'integer'] })],
    ['with oneOf', field({ oneOf: [{ type: 'string' }] })],
    ['with an empty anyOf', field({ anyOf: [] })],
    ['with a reference to elsewhere', field({ $ref: 'https://example.com/schema' })],
    ['with a reference to nothing', field({ $ref: '#/$defs/none' })],
    [
      'with a record that contains itself',
      {
        record: {
          type: 'object',
          properties: { f: { $ref: '#/$defs/a' } },
          $defs: { a: { type: 'array', items: { $ref: '#/$defs/a' } } },
        },
      },
    ],
    ['that is deep', field(deep(20))],
    ['with many fields', object(Object.fromEntries(Array.from({ length: 1_001 }, (_v, at) => [`f${at}`, {}])))],
    ['that grows when it is resolved', laughs],
  ])('%s', async (_what, more) => {
    const body = Array.isArray(more) ? more : { ...declaration('bad'), ...(more as object) };
    const answer = await one.post('/channels', body);
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([422, expect.stringContaining('"msg":"')]);
    expect((await one.get('/channels/bad')).status).toBe(404);
  });

  it.each([
    ['as deep as may be', field(deep(12))],
    [
      'with as many fields as may be',
      object(Object.fromEntries(Array.from({ length: 999 }, (_v, at) => [`f${at}`, {}]))),
    ],
    [
      'with a format, bounds and defaults',
      object({ a: { type: 'string', format: 'uuid' }, b: { type: 'number', maximum: 2, default: 1 } }),
    ],
    ['with a default of null', field({ anyOf: [{ type: 'integer' }, { type: 'null' }], default: null })],
  ])('and not one %s', async (_what, more) => {
    expect(await one.post('/channels', { ...declaration('good'), ...more })).toMatchObject({ status: 201 });
    expect((await one.post('/send/good', {})).status).toBe(200);
    await one.get('/channels/good', { method: 'DELETE' });
  });
});
