import { describe, expect, it } from '@jest/globals';
import { Type } from 'typebox';
import { FaultyInput } from './faults.js';
import { dateTime, duration, enumName, enumValue, nested } from './fields.js';
import { extendRecordType, recordType, RecordValueError } from './record-type.js';

let lastId = 0;
const making = { nextId: () => String((lastId += 1)), timestamp: () => '2030-01-01T00:00:00' };
const stamp = { id: 'a', timestamp: '2030-01-01T00:00:00' };

const Point = recordType('Point', { at: Type.Optional(Type.Integer()) });
const Sample = recordType('Sample', {
  x: Type.Optional(Type.Integer({ minimum: 0 })),
  name: Type.String({ default: '', maxLength: 5 }),
  factor: Type.Number({ default: 1 }),
  isOn: Type.Boolean({ default: false }),
  tags: Type.Array(Type.String({ minLength: 1 }), { default: [] }),
  counts: Type.Record(Type.String(), Type.Integer(), { default: {} }),
  plain: Type.Object({ z: Type.Integer({ default: 12 }) }, { default: { z: 12 } }),
  place: Type.Optional(
    Type.Object({ row: Type.Integer(), seat: Type.Optional(Type.Integer()), wing: Type.String({ default: '' }) }),
  ),
  point: Type.Optional(nested(Point)),
  colour: Type.Optional(enumValue({ red: 1, blue: 2 })),
  side: Type.Optional(enumName({ LEFT: 'l', RIGHT: 'r' })),
  when: Type.Optional(dateTime()),
  lasts: Type.Optional(duration()),
});

const read = (input: unknown): object => Sample.read(input, { making });
const faultsOf = (input: unknown): [string, string, string][] => {
  try {
    read(input);
  } catch (error) {
    if (!(error instanceof FaultyInput)) throw error;
    return error.faults.map(({ type, loc, msg }) => [type, loc.join('.'), msg]);
  }
  return [];
};

describe('a record', () => {
  it('begins with id and timestamp, has its defaults, and lacks what was not set', () => {
    const record = read({ timestamp: '2030-01-01T02:00:00+02:00', id: 'a' });
    expect(JSON.stringify(record)).toBe(
      '{"id":"a","timestamp":"2030-01-01T00:00:00","name":"","factor":1,"isOn":false,"tags":[],"counts":{},"plain":{"z":12}}',
    );
  });

  it('gets an id and a timestamp of its own, and so do the records in it', () => {
    const record = read({ point: { at: 3 } }) as { id: string; point: object };
    expect(record).toMatchObject({ timestamp: making.timestamp(), point: { id: expect.any(String), at: 3 } });
    expect(record.id).toMatch(/^\d+$/);
  });

  it.each([
    [{ x: '5' }, { x: 5 }],
    [{ x: 5.0 }, { x: 5 }],
    [{ x: null }, { x: null }],
    [{ name: 5 }, { name: '5' }],
    [{ id: 77 }, { id: '77' }],
    [{ factor: '1.5' }, { factor: 1.5 }],
    [{ isOn: 'yes' }, { isOn: true }],
    [{ plain: {} }, { plain: { z: 12 } }],
    [{ place: { row: 3 } }, { place: { row: 3, wing: '' } }],
    [{ place: { row: 3, seat: null } }, { place: { row: 3, seat: null } }],
    [{ counts: { a: '1' } }, { counts: { a: 1 } }],
    [{ colour: 2 }, { colour: 2 }],
    [{ side: 'LEFT' }, { side: 'LEFT' }],
    [{ side: 'l' }, { side: 'LEFT' }],
    [{ when: '2030-01-01T00:00:00Z' }, { when: '2030-01-01T00:00:00Z' }],
    [{ lasts: 'PT1M' }, { lasts: 60 }],
    [JSON.parse('{"counts":{"__proto__":1}}'), { counts: JSON.parse('{"__proto__":1}') as object }],
  ])('reads %j', (input, expected) => {
    expect(read({ ...stamp, ...(input as object) })).toMatchObject(expected as object);
  });

  it.each([
    [{ place: {} }, 'missing', 'place.row'],
    [{ place: { row: null } }, 'int_type', 'place.row'],
    [{ x: -1 }, 'greater_than_equal', 'x'],
    [{ x: 'abc' }, 'int_parsing', 'x'],
    [{ x: 1.5 }, 'int_from_float', 'x'],
    [{ x: Infinity }, 'finite_number', 'x'],
    [{ x: 2 ** 60 }, 'int_parsing_size', 'x'],
    [{ x: [] }, 'int_type', 'x'],
    [{ name: 'too long' }, 'string_too_long', 'name'],
    [{ name: null }, 'string_type', 'name'],
    [{ name: true }, 'string_type', 'name'],
    [{ id: 2 ** 60 }, 'string_type', 'id'],
    [{ id: '' }, 'string_length', 'id'],
    [{ timestamp: 'now' }, 'datetime_parsing', 'timestamp'],
    [{ factor: 'x' }, 'float_parsing', 'factor'],
    [{ isOn: 'perhaps' }, 'bool_parsing', 'isOn'],
    [{ tags: 'a' }, 'list_type', 'tags'],
    [{ tags: ['a', ''] }, 'string_too_short', 'tags.1'],
    [{ counts: [] }, 'dict_type', 'counts'],
    [{ counts: { a: 'b' } }, 'int_parsing', 'counts.a'],
    [{ plain: { q: 1 } }, 'extra_forbidden', 'plain.q'],
    [{ point: null }, 'model_attributes_type', 'point'],
    [{ point: { at: 'x' } }, 'int_parsing', 'point.at'],
    [{ colour: 3 }, 'enum', 'colour'],
    [{ side: 'UP' }, 'enum', 'side'],
    [{ when: 'x' }, 'datetime_parsing', 'when'],
    [{ other: 1 }, 'extra_forbidden', 'other'],
    [JSON.parse('{"__proto__":{}}'), 'extra_forbidden', '__proto__'],
    [5, 'model_attributes_type', ''],
    [null, 'model_attributes_type', ''],
    [[], 'model_attributes_type', ''],
  ])('refuses %j', (input, type, loc) => {
    expect(faultsOf(input).map(([one, at]) => [one, at])).toEqual([[type, loc]]);
  });

  it('is its type’s own, and neither another type’s nor when it is copied', () => {
    const made = Point.make({ at: 1 }, making);
    expect([Point.owns(made), Point.owns({ ...made }), Sample.owns(made), Point.owns(null)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([Object.isFrozen(made), Object.keys(made), Point.make(made, making) === made]).toEqual([
      true,
      ['id', 'timestamp', 'at'],
      true,
    ]);
    expect(() => Point.make({ ...made, at: 'x' as unknown as number }, making)).toThrow(FaultyInput);
  });

  it('shares its defaults with no other record', () => {
    const [one, other] = [read({}), read({})] as { tags: string[]; plain: { z: number } }[];
    one?.tags.push('a');
    if (one !== undefined) one.plain.z = 5;
    expect(other).toMatchObject({ tags: [], plain: { z: 12 } });
  });

  it('names every fault, but not without end', () => {
    expect(faultsOf({ x: 'a', name: null, q: 1 })).toHaveLength(3);
    expect(faultsOf({ tags: Array.from({ length: 100_000 }, () => null) })).toHaveLength(50);
  });

  it('says enumerations in words', () => {
    expect(faultsOf({ colour: 9 })[0]?.[2]).toBe('Input should be 1 or 2');
  });

  it('cannot be changed, nor change the defaults of others', () => {
    const record = read({}) as { tags: string[] };
    expect(() => Object.assign(record, { x: 1 })).toThrow(TypeError);
    record.tags.push('a');
    expect(read({})).toMatchObject({ tags: [] });
  });
});

describe('validators', () => {
  const Positive = recordType(
    'Positive',
    { x: Type.Optional(Type.Integer()) },
    {
      validators: {
        before: [(input) => (typeof input === 'number' ? { x: input } : input)],
        after: [
          (record) => {
            if ((record.x ?? 0) < 0) throw new RecordValueError('value must be non-negative.');
            return record.x === 99 ? { ...record, x: 100 } : record;
          },
        ],
      },
    },
  );

  it('transform or refuse what clients send, and not what modules build', () => {
    expect(Positive.read(7, { making })).toMatchObject({ x: 7 });
    expect(Positive.read({ x: 99 }, { making })).toMatchObject({ x: 100 });
    expect(() => Positive.read({ x: -1 }, { making })).toThrow('Value error, value must be non-negative.');
    expect(Positive.make({ x: -1 }, making)).toMatchObject({ x: -1 });
  });

  it('are inherited, and run before those of the type itself', () => {
    const Even = extendRecordType(
      Positive,
      'Even',
      { y: Type.String({ default: 'y' }) },
      {
        validators: {
          after: [
            (record) => {
              if ((record.x ?? 0) % 2 !== 0) throw new RecordValueError('odd');
              return record;
            },
          ],
        },
      },
    );
    expect(Even.read({ x: 2 }, { making })).toMatchObject({ x: 2, y: 'y' });
    expect(() => Even.read({ x: 3 }, { making })).toThrow('odd');
    expect(() => Even.read({ x: -2 }, { making })).toThrow('non-negative');
  });

  it('let no other failure pass as a refusal', () => {
    const Broken = recordType('Broken', {}, { validators: { after: [() => JSON.parse('{') as never] } });
    expect(() => Broken.read({}, { making })).toThrow(SyntaxError);
  });

  it('give a record and those in it new ids when that is asked for', () => {
    const given = { id: 'old', timestamp: '2000-01-01', point: { id: 'older' } };
    const fresh = Sample.read(given, { making, forceNew: true }) as unknown as { id: string; point: { id: string } };
    expect([fresh.id, fresh.point.id]).not.toContain('old');
    expect(fresh.point.id).not.toBe('older');
  });
});
