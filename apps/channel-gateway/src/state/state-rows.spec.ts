import { describe, expect, it } from '@jest/globals';
import { type Channel } from '../engine/catalogue.js';
import { type State } from './state-catalogue.js';
import { rowsOf } from './state-rows.js';

const state = (keyBy: readonly string[], keys: readonly string[] | null = null): State =>
  ({
    keyBy,
    key: keys?.[0] ?? null,
    channel: { keys: keys && new Map(keys.map((key) => [key, {}])) } as unknown as Channel,
  }) as State;

function rows(of: State, tick: unknown): readonly (readonly [string, number, unknown])[] {
  const entry = { id: '1-0', payload: Buffer.from(JSON.stringify(tick)) };
  return rowsOf(of, entry).map(({ key, item, json }) => [key, item, JSON.parse(json)] as const);
}

describe('the rows of a tick', () => {
  it.each([
    ['a plain id', { id: 'x', timestamp: 't' }],
    ['an id with escapes', { id: 'a"b\\c/é\n', timestamp: 't' }],
    ['an id that is as long as can be', { id: 'x'.repeat(512) }],
    ['records within it', { id: 'x', parts: [{ id: 'p' }, { id: 'q' }] }],
    ['what looks like a second record in a text', { id: 'x', text: '},{"id":"y"' }],
    ['another member first', { 5: 1, id: 'x' }],
    ['no id', { timestamp: 't' }],
  ])('is one row with the same key, alone or in a basket: %s', (_what, record) => {
    const [alone] = rows(state(['id']), [record]);
    const [inBasket] = rows(state(['id'], ['k']), { k: [record] });
    expect(alone).toEqual(inBasket);
    expect(alone?.slice(1)).toEqual([0, record]);
  });

  it('is keyed by the values of all paths', () => {
    const record = { id: 'x', in: { y: 2 } };
    expect(rows(state(['in.y', 'z', 'id']), [record])).toEqual([['[2,null,"x"]', 0, record]]);
  });

  it('of several records are several rows, and of none there are none', () => {
    expect(rows(state(['id']), [{ id: 'x' }, { id: 'y' }]).map(([key, item]) => [key, item])).toEqual([
      ['["x"]', 0],
      ['["y"]', 1],
    ]);
    expect(rows(state(['id']), [])).toEqual([]);
    expect(rows(state(['id'], ['k']), { other: [{ id: 'x' }] })).toEqual([]);
  });
});
