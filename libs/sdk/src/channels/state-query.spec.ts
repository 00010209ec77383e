import { describe, expect, it } from '@jest/globals';
import { query, type Comparison } from './state-query.js';

describe('a query of a state', () => {
  it('is sent as the gateway reads it', () => {
    const time = new Date('2026-01-02T03:04:05Z');
    const built = query()
      .where('x', '>=', 5)
      .where('inner.z', '==', { attribute: 'x' })
      .where('dt', '<', time)
      .whereIn('y', ['a', 'b'])
      .whereContains('z', 'it')
      .whereNull('d', false)
      .whereAny(query().where('x', '==', 1), query().where('x', '==', 2).whereNull('y'))
      .sort('-x', 'y')
      .limit(10)
      .offset(5)
      .fields('id', 'x');
    const { query: text, ...rest } = built.parameters;
    expect(rest).toEqual({ sort: '-x,y', limit: 10, offset: 5, fields: 'id,x' });
    expect(JSON.parse(String(text))).toEqual({
      filters: [
        { attr: 'x', by: { value: 5, where: '>=' } },
        { attr: 'inner.z', by: { attr: 'x', where: '==' } },
        { attr: 'dt', by: { when: '2026-01-02T03:04:05.000Z', where: '<' } },
        { attr: 'y', by: { value: ['a', 'b'], where: 'in' } },
        { attr: 'z', by: { value: 'it', where: 'contains' } },
        { attr: 'd', by: { where: 'not null' } },
        {
          or: [
            { attr: 'x', by: { value: 1, where: '==' } },
            {
              and: [
                { attr: 'x', by: { value: 2, where: '==' } },
                { attr: 'y', by: { where: 'null' } },
              ],
            },
          ],
        },
      ],
    });
  });

  it('without conditions asks for everything, and a step changes no earlier query', () => {
    const all = query();
    all.where('x', '==', 1);
    expect(all.parameters).toEqual({});
  });

  it('refuses a comparison that there is not, and an alternative without conditions', () => {
    expect(() => query().where('x', '~' as Comparison, 1)).toThrow('"~" is no comparison');
    expect(() => query().whereAny(query())).toThrow('conditions');
  });
});
