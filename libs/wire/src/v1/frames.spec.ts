import { describe, expect, it } from '@jest/globals';
import { WireError, type WireErrorCode } from '../wire-error.js';
import { decodeAck, encodeAck } from './ack-frame.js';
import { dataFlags, decodeData, encodeData } from './data-frame.js';
import { FrameKind, encodeFrameHead, encodeName, frameKind } from './frame.js';
import { NameTable } from './name-table.js';
import { decodePush, encodePush } from './push-frame.js';
import { BY_REFERENCE_BYTES, encodeSection } from './section.js';

const name = encodeName('cam:ü');
const payload = (length: number, seed = 0): Uint8Array => Uint8Array.from({ length }, (_, at) => (at + seed) & 255);
const concat = (pieces: readonly Uint8Array[]): Uint8Array => Uint8Array.from(pieces.flatMap((piece) => [...piece]));
const refuses = (code: WireErrorCode): unknown => expect.objectContaining({ name: 'WireError', code });
const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (byte) => parseInt(byte, 16));

const MAX = '18446744073709551615';
const ids = ['0-1', '1638125133432-0', '1638125133432-1', '9007199254740991-9007199254740993', `${MAX}-${MAX}`];

describe('push frames', () => {
  it('come back as they went, with ids of every form', () => {
    const entries = [...ids.slice(0, 4), null, '1638125133432-*'].map((id, index) => ({
      id,
      payload: payload(index * 9),
    }));
    const frame = encodePush({ tag: 4294967295, acks: true }, [{ name, entries }]);
    const decoded = decodePush(frame, new NameTable());
    expect(decoded).toMatchObject({ tag: 4294967295, acks: true, wantsIds: false, packed: null, key: null });
    expect(decoded.sections).toHaveLength(1);
    expect(decoded.sections[0]?.name).toBe('cam:ü');
    expect(decoded.sections[0]?.entries.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
    expect(decoded.sections[0]?.entries.map((entry) => [...entry.payload])).toEqual(
      entries.map((entry) => [...entry.payload]),
    );
  });

  it('need no ids, and carry several streams', () => {
    const sections = ['a', 'b'].map((sid) => ({
      name: encodeName(sid),
      entries: [{ payload: payload(3) }, { payload: payload(0) }],
    }));
    const decoded = decodePush(encodePush({ tag: 1 }, sections), new NameTable());
    expect(decoded).toMatchObject({ acks: false, wantsIds: false });
    expect(decoded.sections.map((section) => section.name)).toEqual(['a', 'b']);
    expect(decoded.sections[1]?.entries.map(({ id, payload: { length } }) => [id, length])).toEqual([
      [null, 3],
      [null, 0],
    ]);
  });

  it('carry fields and an idempotency key', () => {
    const fields = [
      { name: 'é', value: payload(40) },
      { name: '', value: payload(0) },
    ];
    const entries = [{ payload: payload(1), fields }, { payload: payload(2) }];
    const decoded = decodePush(
      encodePush({ tag: 2, wantsIds: true, key: 'k-1' }, [{ name, entries }]),
      new NameTable(),
    );
    expect(decoded).toMatchObject({ key: 'k-1', acks: true, wantsIds: true });
    expect(decoded.sections[0]?.entries[0]?.fields?.map((field) => [field.name, field.value.length])).toEqual([
      ['é', 40],
      ['', 0],
    ]);
    expect(decoded.sections[0]?.entries[1]?.fields).toEqual([]);
  });

  it('give payloads as views of the frame, not copies', () => {
    const frame = encodePush({ tag: 1 }, [{ name, entries: [{ payload: payload(50) }] }]);
    const view = decodePush(frame, new NameTable()).sections[0]?.entries[0]?.payload;
    expect(view?.buffer).toBe(frame.buffer);
  });

  it.each<[WireErrorCode, string, string]>([
    ['INVALID_FRAME', 'shorter than a head', '01 00 00000000 00'.slice(0, 12)],
    ['INVALID_FRAME', 'no body', '01 00 00000001'],
    ['INVALID_FRAME', 'another kind', '02 00 00000001 0001 61 00000001 00000000'],
    ['INVALID_FRAME', 'unknown flags', '01 40 00000001 0001 61 00000001 00000000'],
    ['INVALID_FRAME', 'a name past the end', '01 00 00000001 0009 61'],
    ['INVALID_FRAME', 'no entry', '01 00 00000001 0001 61 00000000'],
    ['INVALID_FRAME', 'more entries than bytes', '01 00 00000001 0001 61 ffffffff 00000000'],
    ['INVALID_FRAME', 'a payload past the end', '01 00 00000001 0001 61 00000001 00000005 00'],
    ['INVALID_FRAME', 'a cut id', '01 01 00000001 0001 61 00000001 0000000000000001'],
    ['INVALID_FRAME', 'bytes after the last section', '01 00 00000001 0001 61 00000001 00000000 00'],
    ['INVALID_FRAME', 'fields past the end', '01 08 00000001 0001 61 00000001 ffff 00000000'],
    ['INVALID_FRAME', 'an empty idempotency key', '01 20 00000001 0000 0001 61 00000001 00000000'],
    ['INVALID_FRAME', 'an idempotency key that is not UTF-8', '01 20 00000001 0001 ff 0001 61 00000001 00000000'],
    [
      'INVALID_FRAME',
      'an idempotency key for two streams',
      '01 20 00000001 0001 6b 0001 61 00000001 00000000 0001 62 00000001 00000000',
    ],
    ['INVALID_NAME', 'an empty name', '01 00 00000001 0000 00000001 00000000'],
    ['INVALID_NAME', 'a name that is not UTF-8', '01 00 00000001 0001 ff 00000001 00000000'],
    ['INVALID_NAME', 'a control character', '01 00 00000001 0001 0a 00000001 00000000'],
    ['INVALID_ID', 'the id 0-0', '01 01 00000001 0001 61 00000001 00000000000000000000000000000000 00000000'],
  ])('are refused as %s for %s', (code, _what, bytes) => {
    expect(() => decodePush(hex(bytes), new NameTable())).toThrow(refuses(code));
  });

  it.each<[WireErrorCode, () => unknown]>([
    ['INVALID_FRAME', () => encodePush({ tag: 1 }, [])],
    ['INVALID_FRAME', () => encodePush({ tag: 1 }, [{ name, entries: [] }])],
    ['INVALID_NAME', () => encodePush({ tag: 1 }, [{ name: new Uint8Array(0), entries: [{ payload: payload(1) }] }])],
    ['INVALID_FRAME', () => encodePush({ tag: 1, key: '' }, [{ name, entries: [{ payload: payload(1) }] }])],
    [
      'INVALID_FRAME',
      () => encodePush({ tag: 1, key: 'k'.repeat(257) }, [{ name, entries: [{ payload: payload(1) }] }]),
    ],
    ['INVALID_ID', () => encodePush({ tag: 1 }, [{ name, entries: [{ id: 'x', payload: payload(1) }] }])],
    ['INVALID_ID', () => encodePush({ tag: 1 }, [{ name, entries: [{ id: '1-', payload: payload(1) }] }])],
    ['INVALID_ID', () => encodePush({ tag: 1 }, [{ name, entries: [{ id: '-1', payload: payload(1) }] }])],
    [
      'INVALID_ID',
      () => encodePush({ tag: 1 }, [{ name, entries: [{ id: '1-99999999999999999999', payload: payload(1) }] }]),
    ],
  ])('that could not be read are not written (%s)', (code, encode) => expect(encode).toThrow(refuses(code)));
});

describe('data frames', () => {
  const entries = ids.map((id, index) => ({ id, payload: payload(index * 7, index) }));

  it('come back as they went', () => {
    const decoded = decodeData(encodeData(7, [{ name, entries }]), new NameTable());
    expect(decoded.sub).toBe(7);
    expect(decoded.sections[0]?.entries.map(({ id, payload: bytes }) => [id, [...bytes]])).toEqual(
      entries.map(({ id, payload: bytes }) => [id, [...bytes]]),
    );
  });

  it('are a head of one follower and a body that all share', () => {
    const body = encodeSection({ name, entries }, { ids: true, fields: false });
    const shared = concat([encodeFrameHead(FrameKind.DATA, dataFlags(false), 7), ...body]);
    expect(shared).toEqual(encodeData(7, [{ name, entries }]));
  });

  it('carry large payloads by reference and small ones copied', () => {
    const large = payload(BY_REFERENCE_BYTES);
    const mixed = [entries[0], { id: '5-0', payload: large }, { id: '5-1', payload: large }, entries[1]].map(
      (entry) => entry ?? fail(),
    );
    const body = encodeSection({ name, entries: mixed }, { ids: true, fields: true });
    expect(body.filter((piece) => piece === large)).toHaveLength(2);
    expect(concat([encodeFrameHead(FrameKind.DATA, dataFlags(true), 1), ...body])).toEqual(
      encodeData(1, [{ name, entries: mixed }], true),
    );
  });

  it('can carry parts of packed entries one by one, among entries that are not packed', () => {
    const mixed = ['5-0/0', '5-0/4294967294', '6-0'].map((id) => ({ id, payload: payload(3) }));
    const decoded = decodeData(encodeData(1, [{ name, entries: mixed }]), new NameTable());
    expect(decoded.sections[0]?.entries.map(({ id }) => id)).toEqual(['5-0/0', '5-0/4294967294', '6-0']);
    const body = encodeSection({ name, entries: mixed }, { ids: true, fields: false, parts: true });
    expect(concat([encodeFrameHead(FrameKind.DATA, dataFlags(false, true), 1), ...body])).toEqual(
      encodeData(1, [{ name, entries: mixed }]),
    );
  });

  it('always have ids', () => {
    expect(() => decodeData(hex('02 00 00000001 0001 61 00000001 00000000'), new NameTable())).toThrow(
      refuses('INVALID_FRAME'),
    );
    expect(() => decodeData(hex('02 05 00000001'), new NameTable())).toThrow(refuses('INVALID_FRAME'));
  });
});

describe('ack frames', () => {
  it('come back as they went, with and without ids', () => {
    expect(decodeAck(encodeAck(9))).toEqual({ tag: 9, ids: [] });
    expect(decodeAck(encodeAck(10, ids))).toEqual({ tag: 10, ids });
    expect(frameKind(encodeAck(9))).toBe(FrameKind.ACK);
  });

  it.each(['03 00', '03 00 00000001 00', '03 01 00000001', '03 01 00000001 00000002 00', '03 01 00000001 ffffffff'])(
    'that are broken are refused: %s',
    (bytes) => expect(() => decodeAck(hex(bytes))).toThrow(refuses('INVALID_FRAME')),
  );
});

describe('a name table', () => {
  it('asks once for each name and forgets when it is full', () => {
    const asked: string[] = [];
    const table = new NameTable((text) => {
      asked.push(text);
      return `default:${text}`;
    }, 2);
    const look = (text: string): string => table.lookup(encodeName(text), 0, encodeName(text).length);
    expect(['a', 'b', 'a', 'a', 'b'].map(look)).toEqual(['a', 'b', 'a', 'a', 'b'].map((text) => `default:${text}`));
    expect(asked).toEqual(['a', 'b']);
    look('c');
    look('a');
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });

  it('keeps no view of a frame', () => {
    const table = new NameTable();
    const bytes = encodeName('name-a');
    table.lookup(bytes, 0, 6);
    bytes[5] = 0x62;
    expect(table.lookup(bytes, 0, 6)).toBe('name-b');
  });

  it('passes on a refusal and remembers nothing of it', () => {
    const table = new NameTable((text) => {
      throw new WireError('INVALID_NAME', text);
    });
    expect(() => table.lookup(encodeName('a'), 0, 1)).toThrow('a');
    expect(() => table.lookup(encodeName('a'), 0, 1)).toThrow('a');
  });
});

function fail(): never {
  throw new Error('no entry');
}
