import { describe, expect, it } from '@jest/globals';
import {
  LengthPrefixedReader,
  NameTable,
  WireError,
  closeReason,
  compareEntryIds,
  decodeAck,
  decodeData,
  decodePush,
  encodeAck,
  encodeData,
  encodeFrameHead,
  encodeName,
  encodePackedPush,
  encodePackedSection,
  encodePush,
  formatPullHeader,
  nextEntryId,
  packPayloads,
  packedCount,
  parseBoolean,
  parseClientMessage,
  parseEntryId,
  parseLoneOffset,
  parsePullHeader,
  parsePushHeader,
  parsePtgPushHeader,
  parseServerMessage,
  parseStreamName,
  previousEntryId,
  streamKey,
  unpackPayloads,
  type WireSection,
} from '@sluice/wire';

const ROUNDS = 4000;
const SEED = 20261121;

/** mulberry32: the same sequence on every machine, so that a failure can be repeated. */
class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  bytes(maxLength: number): Uint8Array {
    return Uint8Array.from({ length: this.below(maxLength + 1) }, () => this.below(256));
  }
}

/** Copies `seed` and changes, removes, inserts or repeats some of it. */
function mutateBytes(random: Random, seed: Uint8Array): Uint8Array {
  let bytes = [...seed];
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(bytes.length + 1);
    const kind = random.below(5);
    if (kind === 0)
      bytes[Math.min(at, Math.max(0, bytes.length - 1))] = random.pick([0, 1, 127, 128, 255, random.below(256)]);
    else if (kind === 1) bytes.splice(at, 1 + random.below(4));
    else if (kind === 2) bytes.splice(at, 0, ...random.bytes(5));
    else if (kind === 3) bytes = bytes.slice(0, at);
    else bytes.splice(at, 0, ...bytes.slice(at, at + 8));
  }
  return Uint8Array.from(bytes);
}

const TOKENS = [
  ...'[]{}",:-*$+ 0159eE.\\'.split(''),
  'null',
  'true',
  '1e999',
  '9007199254740993',
  '18446744073709551616',
  '"__proto__"',
  '\\u0000',
  '\ud800',
  'ü',
  '[0,5]',
  '["a",null,5]',
  '"op":"follow"',
  '"streams":{"a":"$"}',
];

function mutateText(random: Random, seed: string): string {
  let text = seed;
  for (let count = random.below(4); count > 0; count--) {
    const at = random.below(text.length + 1);
    const cut = at + random.below(4);
    text = text.slice(0, at) + random.pick(['', ...TOKENS]) + text.slice(cut);
  }
  return text;
}

/** Runs `parse`; a WireError is an answer, anything else is a fault that names its input. */
function attempt<Result>(what: string, input: unknown, parse: () => Result): Result | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof WireError) return null;
    throw new Error(`${what} threw ${String(error)} for ${JSON.stringify(input)}`, { cause: error });
  }
}

function assertViews(frame: Uint8Array, sections: readonly WireSection[]): void {
  let payloadBytes = 0;
  for (const { entries } of sections) {
    for (const { payload, fields } of entries) {
      for (const view of [payload, ...(fields ?? []).map(({ value }) => value)]) {
        expect(view.buffer).toBe(frame.buffer);
        expect(view.byteOffset).toBeGreaterThanOrEqual(frame.byteOffset);
        expect(view.byteOffset + view.length).toBeLessThanOrEqual(frame.byteOffset + frame.length);
      }
      payloadBytes += payload.length;
    }
  }
  expect(payloadBytes).toBeLessThanOrEqual(frame.length);
}

const entries = ['5-0', '5-1', '1638125133432-18446744073709551615'].map((id, index) => ({
  id,
  payload: Uint8Array.from({ length: index * 5 }, (_, at) => at),
  fields: index === 1 ? [{ name: 'f', value: Uint8Array.of(1, 2) }] : [],
}));
const sections = [
  { name: encodeName('cam:a'), entries },
  { name: encodeName('b'), entries: entries.slice(0, 1) },
];
const PAYLOADS = [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3, 4)];
const packedBody = encodePackedSection(encodeName('a'), '5-0', packPayloads(PAYLOADS));
const FRAMES = [
  encodePush({ tag: 7, wantsIds: true }, sections),
  encodePush({ tag: 8, key: 'key' }, sections.slice(0, 1)),
  encodePush({ tag: 9 }, [{ name: encodeName('a'), entries: [{ payload: Uint8Array.of(1) }] }]),
  encodeData(1, sections, true),
  encodeData(1, sections, false),
  encodeAck(5, ['5-0', '5-1']),
  encodePackedPush({ tag: 10, wantsIds: true }, encodeName('a'), PAYLOADS),
  Uint8Array.from([...encodeFrameHead(2, 5, 1), ...packedBody.flatMap((piece) => [...piece])]),
  encodeData(1, [{ name: encodeName('a'), entries: PAYLOADS.map((payload, at) => ({ id: `5-0/${at}`, payload })) }]),
];

describe(`every parser, fed with ${ROUNDS} random and mutated inputs (seed ${SEED})`, () => {
  it('of binary frames refuses with a WireError or gives views inside the frame', () => {
    const random = new Random(SEED);
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const content = round % 4 === 0 ? random.bytes(64) : mutateBytes(random, random.pick(FRAMES));
      const host = new Uint8Array(content.length + 16).fill(0xee);
      host.set(content, 8);
      const frame = host.subarray(8, 8 + content.length);
      const names = new NameTable();
      const push = attempt('decodePush', [...frame], () => decodePush(frame, names));
      const data = attempt('decodeData', [...frame], () => decodeData(frame, names));
      const ack = attempt('decodeAck', [...frame], () => decodeAck(frame));
      if (push !== null) assertViews(frame, push.sections);
      for (const { packed } of push?.packed ?? []) {
        expect(unpackPayloads(packed)).toHaveLength(packedCount(packed));
        expect(packed.byteOffset + packed.length).toBeLessThanOrEqual(frame.byteOffset + frame.length);
      }
      if (data !== null) assertViews(frame, data.sections);
      if (ack !== null) expect(ack.ids.length * 16).toBeLessThanOrEqual(frame.length);
      if (push !== null || data !== null || ack !== null) accepted++;
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it('of frames gives what its encoder can write again, byte for byte', () => {
    const random = new Random(SEED + 1);
    for (let round = 0; round < ROUNDS; round++) {
      const frame = mutateBytes(random, random.pick(FRAMES));
      const push = attempt('decodePush', [...frame], () => decodePush(frame, new NameTable()));
      if (push === null || push.packed) continue;
      const again = encodePush(
        { tag: push.tag, acks: push.acks, wantsIds: push.wantsIds, key: push.key ?? undefined },
        push.sections.map((section) => ({ name: encodeName(section.name), entries: section.entries })),
      );
      const reread = decodePush(again, new NameTable());
      expect(reread.sections.map((section) => section.entries.map(({ id, payload }) => [id, [...payload]]))).toEqual(
        push.sections.map((section) => section.entries.map(({ id, payload }) => [id, [...payload]])),
      );
    }
  });

  it('of push headers refuses with a WireError or covers the data exactly, in order', () => {
    const random = new Random(SEED + 2);
    const seeds: [string, number, string[]][] = [
      ['[100]', 100, ['a']],
      ['[0,10]', 30, ['a', 'b']],
      ['[10,30]', 30, ['a', 'b']],
      ['[["x",10],["y",30]]', 30, ['a']],
      ['[["x",null,10],["y","5-*",30]]', 30, ['a']],
      ['{}', 5, ['a']],
    ];
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [seed, blobBytes, sids] = random.pick(seeds);
      const text = mutateText(random, seed);
      const parts = attempt('parsePushHeader', text, () => parsePushHeader(text, blobBytes, sids));
      const batch = attempt('parsePtgPushHeader', text, () => parsePtgPushHeader(text, blobBytes, sids));
      if (parts !== null) expect(batch?.parts).toEqual(parts);
      const lone = attempt('parseLoneOffset', text, () => parseLoneOffset(new TextEncoder().encode(text)));
      if (lone !== null && lone >= 0) expect(JSON.parse(text)).toEqual([lone]);
      if (parts === null) continue;
      accepted++;
      let end = 0;
      for (const part of parts) {
        expect(part.start).toBe(end);
        expect(part.end).toBeGreaterThanOrEqual(part.start);
        end = part.end;
      }
      expect(end).toBe(blobBytes);
    }
    expect(accepted).toBeGreaterThan(50);
  });

  it('of pull headers and control messages refuses with a WireError or gives what was asked', () => {
    const random = new Random(SEED + 3);
    const seeds = [
      formatPullHeader([{ sid: 'a', id: '5-0', bytes: 10 }]),
      '{"op":"follow","sub":1,"streams":{"a":"$","b":"5-0"},"patterns":["c*"],"latest":1,"maxFps":2.5}',
      '{"op":"follow","sub":2,"group":"g","consumer":"c","streams":{"a":"$"},"claimIdleMs":60000}',
      '{"op":"ack","sub":2,"stream":"a","ids":["5-0"]}',
      '{"op":"credit","sub":1,"bytes":7}',
      '{"gap":{"sub":1,"sid":"a","after":"1-0","next":"2-0","lost":null}}',
    ];
    for (let round = 0; round < ROUNDS; round++) {
      const text = mutateText(random, random.pick(seeds));
      const slices = attempt('parsePullHeader', text, () => parsePullHeader(text, 10));
      if (slices !== null) expect(slices.at(-1)?.end ?? 10).toBe(10);
      const message = attempt('parseClientMessage', text, () => parseClientMessage(text));
      if (message !== null) expect(['follow', 'credit', 'ack', 'unfollow', 'ping']).toContain(message.op);
      attempt('parseServerMessage', text, () => parseServerMessage(text));
    }
  });

  it('of ids, names, booleans and reasons answers every text', () => {
    const random = new Random(SEED + 4);
    const seeds = ['1638125133432-0', '5', '0-18446744073709551615', 'cam:video', 'true', '-', '5-*'];
    for (let round = 0; round < ROUNDS; round++) {
      const text = mutateText(random, random.pick(seeds));
      const id = parseEntryId(text);
      if (id !== null) {
        const next = nextEntryId(id);
        if (next !== null) expect([compareEntryIds(id, next), previousEntryId(next)]).toEqual([-1, id]);
      }
      attempt('streamKey', text, () => streamKey(text, text, text));
      const parsed = attempt('parseStreamName', text, () => parseStreamName(text));
      if (parsed !== null) expect(`${parsed.device}:${parsed.stream}`).toBe(parsed.key);
      parseBoolean(text);
      expect(new TextEncoder().encode(closeReason(text.repeat(20))).length).toBeLessThanOrEqual(123);
    }
  });

  it('of length-prefixed input holds no more than one item of the limit', () => {
    const random = new Random(SEED + 5);
    for (let round = 0; round < ROUNDS / 4; round++) {
      const reader = new LengthPrefixedReader(64);
      const chunks = Array.from({ length: 6 }, () => mutateBytes(random, Uint8Array.of(0, 0, 0, 3, 1, 2, 3)));
      attempt('LengthPrefixedReader', chunks, () => {
        for (const chunk of chunks) {
          for (const item of reader.push(chunk)) expect(item.length).toBeLessThanOrEqual(64);
          expect(reader.pendingBytes).toBeLessThanOrEqual(68);
        }
        reader.end();
      });
    }
  });
});

describe('work is bounded', () => {
  it.each([
    ['entries', '01000000000100016100000000'],
    ['fields', '010800000001000161000000010000'],
  ])('by the bytes that came, not by the count of %s they announce', (_what, head) => {
    const frame = Uint8Array.from([
      ...(head.match(/../g) ?? []).map((byte) => parseInt(byte, 16)),
      ...Array.from({ length: 64 }, () => 0),
    ]);
    frame.set([0xff, 0xff], frame[1] === 8 ? 13 : 9);
    expect(() => decodePush(frame, new NameTable())).toThrow(WireError);
  });

  it('for deeply nested JSON', () => {
    const deep = '['.repeat(500_000);
    expect(() => parsePushHeader(deep, 1, ['a'])).toThrow(WireError);
    expect(() => parseClientMessage(deep)).toThrow(WireError);
    const closed = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(() => parsePushHeader(closed, 1, ['a'])).toThrow(WireError);
    expect(() => parsePtgPushHeader(deep, 1, null)).toThrow(WireError);
    expect(() => parsePtgPushHeader(closed, 1, null)).toThrow(WireError);
    expect(() => parseClientMessage(closed)).toThrow(WireError);
  });
});
