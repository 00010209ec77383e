import { describe, expect, test } from '@jest/globals';
import { assertJson, blockOfJson } from './json-text.js';

const isTaken = (text: string | Buffer): boolean => {
  try {
    assertJson(Buffer.from(text));
    return true;
  } catch {
    return false;
  }
};

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('JSON text', () => {
  test.each([
    '{}',
    '[]',
    ' [ 1 , 2 ] ',
    '{"a":{"b":[null,true,false]}}',
    '-0.5e-7',
    '1E+9',
    '"\\u00e4\\n\\"käse"',
    '',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    '{,}',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '1e',
    '"\\x"',
    '"\\u12g4"',
    '"a\nb"',
    '"open',
    'nul',
    'true false',
    '[1]]',
    '[',
    '{"a":1',
    'NaN',
  ])('%j is taken if and only if JSON.parse takes it', (text) => {
    expect(isTaken(text)).toBe(isParsed(text));
  });

  test('changed at random is taken if and only if JSON.parse takes it', () => {
    const source = '{"a":[1,-2.5e3,"x\\n\\u00e4"],"b":{"c":null,"d":[true,false,{}]}}';
    const bytes = '{}[]",:\\0123456789.eE+-tnu ';
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 20_000; round++) {
      const letters = [...source];
      for (let change = 1 + random(3); change > 0; change--) {
        letters.splice(random(letters.length), random(2), bytes[random(bytes.length)] ?? '');
      }
      const text = letters.join('');
      if (isTaken(text) !== isParsed(text)) throw new Error(`taken is ${isTaken(text)}: ${text}`);
    }
  });

  test('that is not UTF-8, or nested deeper than 64, is refused; 64 is not', () => {
    expect(isTaken(Buffer.from([0x22, 0xff, 0x22]))).toBe(false);
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect([isTaken(nested(64)), isTaken(nested(65))]).toEqual([true, false]);
  });
});

describe('lists of numbers', () => {
  test.each([
    ['[]', [0], []],
    ['[1, -2.5e1 ,3]', [3], [1, -25, 3]],
    ['[[1,2],[3,4],[5,6]]', [3, 2], [1, 2, 3, 4, 5, 6]],
    ['[[[1],[2]]]', [1, 2, 1], [1, 2]],
    ['[[],[]]', [2, 0], []],
  ])('%s', (text, shape, numbers) => {
    const block = blockOfJson(Buffer.from(text));
    expect(block.shape).toEqual(shape);
    expect([...new Float32Array(block.bytes.buffer)]).toEqual(numbers);
  });

  test('of any number of them', () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) => index);
    const { bytes, shape } = blockOfJson(Buffer.from(JSON.stringify(numbers)));
    expect(shape).toEqual([10_000]);
    expect([...new Float32Array(bytes.buffer)]).toEqual(numbers);
  });

  test.each([
    ['1', 'no list'],
    ['[1,[2]]', 'some members are numbers'],
    ['[[1],2]', 'some members are numbers'],
    ['[[],[[1]]]', 'differ in length'],
    ['[[1],[1,2]]', 'does not have 1 members'],
    ['[[1,2],[3]]', 'does not have 2 members'],
    ['["1"]', 'a number is due'],
    ['[1] 2', 'the end is due'],
    ['[1', 'end of a list is due'],
    ['[[[[[[[[[1]]]]]]]]]', 'deeper than 8'],
  ])('%s is refused', (text, message) => {
    expect(() => blockOfJson(Buffer.from(text))).toThrow(message);
  });
});
