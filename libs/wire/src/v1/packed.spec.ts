import { describe, expect, it } from '@jest/globals';
import { WireError } from '../wire-error.js';
import { PACKED_DATA_FLAGS, decodeData } from './data-frame.js';
import { FrameKind, encodeFrameHead, encodeName } from './frame.js';
import { NameTable } from './name-table.js';
import { encodePackedPush, encodePackedSection, packPayloads, packedCount, unpackPayloads } from './packed.js';
import { decodePush } from './push-frame.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const concat = (parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('a packed entry', () => {
  it('gives back the payloads that went in, empty ones too', () => {
    const packed = packPayloads(['a', '', 'ccc'].map(bytes));
    expect(packedCount(packed)).toBe(3);
    expect(unpackPayloads(packed).map(text)).toEqual(['a', '', 'ccc']);
  });

  it('travels in a push frame as it will be stored', () => {
    const frame = encodePackedPush({ tag: 7, acks: true }, encodeName('cam:x'), [bytes('one'), bytes('two')]);
    const push = decodePush(frame, new NameTable());
    expect(push).toMatchObject({ tag: 7, acks: true, wantsIds: false, key: null, sections: [] });
    expect(push.packed?.map((section) => [section.name, unpackPayloads(section.packed).map(text)])).toEqual([
      ['cam:x', ['one', 'two']],
    ]);
  });

  it('reaches a reader as single entries with ids of their own', () => {
    const packed = packPayloads([bytes('one'), bytes('two')]);
    const body = encodePackedSection(encodeName('cam:x'), '5-1', packed);
    const frame = concat([encodeFrameHead(FrameKind.DATA, PACKED_DATA_FLAGS, 3), ...body, ...body]);
    const { sub, sections } = decodeData(frame, new NameTable());
    expect(sub).toBe(3);
    expect(sections).toHaveLength(2);
    expect(sections[0]?.entries.map((entry) => [entry.id, text(entry.payload)])).toEqual([
      ['5-1/0', 'one'],
      ['5-1/1', 'two'],
    ]);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a count of none', new Uint8Array(4)],
    ['a part cut short', packPayloads([bytes('abc')]).subarray(0, 9)],
    ['a count without its parts', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
    ['bytes behind its parts', concat([packPayloads([bytes('a')]), bytes('x')])],
  ])('that is %s is refused', (_title, packed) => {
    expect(() => unpackPayloads(packed)).toThrow(WireError);
  });

  it('mutated in any way never reads outside its bytes', () => {
    const whole = encodePackedPush({ tag: 1 }, encodeName('a:b'), [bytes('one'), bytes('two'), bytes('three')]);
    let seed = 99;
    const next = (bound: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % bound;
    };
    for (let round = 0; round < 5_000; round++) {
      const frame = whole.slice(0, next(3) === 0 ? next(whole.length + 1) : whole.length);
      for (let change = next(4); change > 0 && frame.length > 0; change--) frame[next(frame.length)] = next(256);
      try {
        const { packed } = decodePush(frame, new NameTable());
        for (const section of packed ?? []) expect(section.packed.length).toBeLessThanOrEqual(frame.length);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });
});
