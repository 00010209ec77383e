import { describe, expect, it } from '@jest/globals';
import { Type, type TSchema } from 'typebox';
import { FaultyInput } from './faults.js';
import { dateTime, enumName } from './fields.js';
import { recordType } from './record-type.js';

const making = { nextId: () => '1', timestamp: () => '2030-01-01T00:00:00' };

/** What a field of that schema makes of a value: the value, or the faults in words. */
function read(schema: unknown, value: unknown): unknown {
  const type = recordType('Sample', { field: schema as TSchema });
  try {
    return (type.read({ field: value }, { making }) as { field?: unknown }).field;
  } catch (error) {
    if (!(error instanceof FaultyInput)) throw error;
    return error.faults.map(({ msg }) => msg);
  }
}

describe('a schema', () => {
  const nullable = { type: ['integer', 'null'], minimum: 2 };
  const letters = Type.Union([Type.Literal('a'), Type.Literal('b')]);
  const either = Type.Union([Type.Integer(), Type.String()]);
  const pair = Type.Tuple([Type.Integer({ minimum: 1 }), Type.String()]);

  it.each([
    ['a choice of types', nullable, '5', 5],
    ['a choice of types', nullable, null, null],
    ['a choice of constants', letters, 'b', 'b'],
    ['a choice of kinds takes what fits as it is', either, '5', '5'],
    ['a choice of kinds takes what fits as it is', either, 5, 5],
    ['a tuple', pair, ['1', 2], [1, '2']],
    ['a tuple of the newer draft', { type: 'array', prefixItems: [{ type: 'integer' }] }, ['1', 'more'], [1, 'more']],
  ])('%s reads', (_what, schema, value, expected) => {
    expect(read(schema, value)).toEqual(expected);
  });

  it.each([
    ['a choice of types', nullable, 'x', ['Input should be a valid integer, unable to parse string as an integer']],
    ['a choice of types', nullable, 1, expect.arrayContaining(['Input should be greater than or equal to 2'])],
    ['a choice of constants', letters, 'c', ["Input should be 'a' or 'b'"]],
    ['a choice of kinds', either, [], ['Input should be a valid integer', 'Input should be a valid string']],
    ['a tuple', pair, ['x', 'y'], ['Input should be a valid integer, unable to parse string as an integer']],
    ['a tuple', pair, [0, 'y'], ['Input should be greater than or equal to 1']],
    ['a tuple', pair, [1], ['List should have at least 2 items']],
    ['a tuple', pair, [1, 'y', 3], ['List should have at most 2 items']],
  ])('%s refuses', (_what, schema, value, expected) => {
    expect(read(schema, value)).toEqual(expected);
  });

  it.each([
    ['an unknown type', { type: 'strnig' }, 'record type "Sample": field "field": there is no type "strnig"'],
    [
      'an unknown type within',
      Type.Object({ a: Type.Array({ type: 'x' } as TSchema) }),
      'field "a": there is no type "x"',
    ],
    ['no schema at all', undefined, 'field "field": a schema is an object, not undefined'],
    [
      'a default of another kind',
      { type: 'integer', default: 'x' },
      'its default "x" does not fit: Input should be a valid integer',
    ],
    [
      'a default out of bounds',
      Type.Integer({ minimum: 1, default: 0 }),
      'field "field": its default does not fit: Input should be greater',
    ],
    ['a time that is none', dateTime({ default: 'soon' }), 'its default "soon" does not fit'],
    ['a pattern that is none', Type.String({ pattern: '(' }), 'field "field": Invalid regular expression'],
  ])('%s is refused where it is declared', (_what, schema, message) => {
    expect(() => read(schema, 1)).toThrow(message);
  });

  it.each(['id', 'timestamp', '__proto__', ''])('of a field that is called "%s" is refused', (name) => {
    const fields = JSON.parse(JSON.stringify({ x: { type: 'string' } }).replace('"x"', JSON.stringify(name))) as object;
    expect(() => recordType('Sample', fields as Record<string, TSchema>)).toThrow(`no field can be called "${name}"`);
  });

  it('has its default as a client would have sent it', () => {
    const type = recordType('Sample', {
      side: enumName({ LEFT: 'l' }, { default: 'l' as 'LEFT' }),
      plain: Type.Object({ z: Type.Integer({ default: 12 }) }, { default: {} as { z: number } }),
      none: { type: 'integer', default: null } as unknown as TSchema,
    });
    expect(type.read({}, { making })).toMatchObject({ side: 'LEFT', plain: { z: 12 }, none: null });
    expect(type.read({ none: null }, { making })).toMatchObject({ none: null });
  });
});
