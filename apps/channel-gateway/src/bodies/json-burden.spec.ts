import { describe, expect, it } from '@jest/globals';
import { burdenOf } from './json-burden.js';

const of = (text: string): string | null => burdenOf(Buffer.from(text));
const members = (count: number): string => `{${Array.from({ length: count }, (_, at) => `"k${at}":{}`).join(',')}}`;

describe('JSON that takes long to read', () => {
  it.each<[string, string, string]>([
    ['deep lists', '['.repeat(65), 'nested deeper than 64 levels'],
    ['deep objects', '{"a":'.repeat(65), 'nested deeper than 64 levels'],
    ['a million keys', members(50_001), 'an object of more than 50000 members'],
    ['keys behind others', `[{"a":1},${members(50_001)}]`, 'an object of more than 50000 members'],
    ['a long list', `[${'1,'.repeat(1_000_001)}1]`, 'more than 1000000 values'],
    ['many empty lists', `[${'[],'.repeat(500_001)}1]`, 'more than 1000000 values'],
  ])('is told by what it is: %s', (_what, text, reason) => {
    expect(of(text)).toBe(reason);
  });

  it.each<[string, string]>([
    ['as deep as may be', `${'['.repeat(64)}${']'.repeat(64)}`],
    ['as many members as may be', members(50_000)],
    ['many objects of few members', `[${'{"a":1,"b":[1,2]},'.repeat(100_000)}1]`],
    ['brackets and commas in texts', JSON.stringify({ text: '[{,:'.repeat(300_000), quote: '\\"[[[' })],
    ['what is not closed', '{"a":"'],
    ['what was never opened', ']]]]}}}}'],
    ['nothing', ''],
  ])('is not %s', (_what, text) => {
    expect(of(text)).toBeNull();
  });
});
