import { describe, expect, it } from '@jest/globals';
import { asciiJson, formatOffsets } from './offsets-header.js';

const part = (label: string, id: string, bytes: number) => ({ label, entry: { id, payload: new Uint8Array(bytes) } });

describe('x-offsets', () => {
  it('lists ends, or starts, over the whole body', () => {
    const parts = [part('a', '1-0', 2), part('b', '2-0', 3)];
    expect(formatOffsets(parts, false)).toEqual({ text: '[["a","1-0",2],["b","2-0",5]]', entries: 2, bytes: 5 });
    expect(formatOffsets(parts, true).text).toBe('[["a","1-0",0],["b","2-0",2]]');
    expect(formatOffsets([], false)).toEqual({ text: '[]', entries: 0, bytes: 0 });
  });

  it('stays below 14 KiB, with at least one entry however long its name', () => {
    const many = Array.from({ length: 2000 }, (_, n) => part('sensor', `1700000000000-${n}`, 1));
    const { text, entries } = formatOffsets(many, false);
    expect(text.length).toBeLessThanOrEqual(14 * 1024);
    expect(text.length).toBeGreaterThan(13 * 1024);
    expect(JSON.parse(text)).toHaveLength(entries);
    expect(formatOffsets([part('温'.repeat(170), '1-0', 1)], false).entries).toBe(1);
  });

  it('ends before the body would pass 64 MiB', () => {
    const large = Array.from({ length: 10 }, (_, n) => part('s', `${n + 1}-0`, 16 * 1024 * 1024));
    expect(formatOffsets(large, false).entries).toBe(4);
  });

  it('is ASCII', () => {
    expect(asciiJson('ö🦊\u007f')).toBe('"\\u00f6\\ud83e\\udd8a\\u007f"');
    expect(JSON.parse(asciiJson('ö🦊\u007f'))).toBe('ö🦊\u007f');
  });
});
