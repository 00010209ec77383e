import { expect, it } from '@jest/globals';
import { jsonPieces } from './json-pieces.js';

const LARGE = {
  text: '\u{1F600}é"\\\n'.repeat(50_000),
  list: Array.from({ length: 20_000 }, (_, at) => ({ id: `s${at}`, meta: { at, none: null }, tags: ['a', true] })),
  absent: undefined,
  deep: { nothing: null, inner: { long: 'x'.repeat(100_000), empty: [], numbers: [1.5, -2e30] } },
};

it.each([
  ['nothing', null],
  ['a number', 7],
  ['an empty list', []],
  ['a small object', { a: [1, { b: 'c' }] }],
  ['a large one', LARGE],
])('the pieces of %s are together the JSON of it', (_what, value) => {
  const text = [...jsonPieces(value)].join('');
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
});

it('pieces stay small however large the value is', () => {
  for (const piece of jsonPieces(LARGE)) expect(piece.length).toBeLessThan(400_000);
  expect([...jsonPieces({ a: 1 })]).toHaveLength(1);
});
