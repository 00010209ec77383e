import { describe, expect, it } from '@jest/globals';
import { ParameterError, QueryReader, queryOf } from './parameters.js';

describe('a query reader', () => {
  it.each([
    ['5', 5],
    [' 7 ', 7],
    ['+3', 3],
    ['0', 0],
  ])('takes %j for the integer %d', (text, value) => {
    const query = new QueryReader({ n: text });
    expect(query.integer('n', 9, 0)).toBe(value);
    query.assertValid();
  });

  it.each(['', 'x', '1.0', '1e3', '0x10', '9'.repeat(30), '--1'])('refuses %j as an integer', (text) => {
    const query = new QueryReader({ n: text });
    query.integer('n', 9, 0);
    expect(() => query.assertValid()).toThrow(ParameterError);
  });

  it.each([
    ['0.5', 0.5],
    ['30', 30],
    ['.5', 0.5],
    ['1e2', 100],
  ])('takes %j for the number %d', (text, value) => {
    const query = new QueryReader({ n: text });
    expect(query.number('n', 9, 0)).toBe(value);
    query.assertValid();
  });

  it.each(['nan', 'inf', '1e999', '', '1,5'])('refuses %j as a number', (text) => {
    const query = new QueryReader({ n: text });
    query.number('n', 9, 0);
    expect(() => query.assertValid()).toThrow('n: value is not a valid float');
  });

  it('gathers every fault, each with the place it stands at', () => {
    const query = new QueryReader({ count: 'x', latest: 'maybe', block: '-1' });
    query.integer('count', 1, 1);
    query.boolean('latest', false);
    query.integer('block', 500, 0);
    expect(() => query.assertValid()).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETER' }));
    try {
      query.assertValid();
    } catch (error) {
      expect((error as ParameterError).faults).toEqual([
        { loc: ['query', 'count'], msg: 'value is not a valid integer', type: 'type_error.integer' },
        { loc: ['query', 'latest'], msg: 'value could not be parsed to a boolean', type: 'type_error.bool' },
        {
          loc: ['query', 'block'],
          msg: 'ensure this value is greater than or equal to 0',
          type: 'value_error.number.not_ge',
          ctx: { limit_value: 0 },
        },
      ]);
    }
  });

  it('counts the last of repeated parameters, in both forms of a query', () => {
    expect(new QueryReader({ a: ['1', '2'] }).text('a', '')).toBe('2');
    expect(new QueryReader(queryOf(new URLSearchParams('a=1&a=2'))).text('a', '')).toBe('2');
  });

  it.each(['constructor', '__proto__', 'toString'])('finds no parameter %s that nobody sent', (name) => {
    expect(new QueryReader(queryOf(new URLSearchParams('a=1'))).text(name, 'none')).toBe('none');
  });
});
