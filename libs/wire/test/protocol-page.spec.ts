import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  NameTable,
  decodeAck,
  decodeData,
  decodePush,
  encodeAck,
  encodeData,
  encodeFrameHead,
  encodeName,
  encodePackedSection,
  encodePush,
  packPayloads,
  parseClientMessage,
  parseServerMessage,
} from '@sluice/wire';

const page = readFileSync(new URL('../../../docs/protocol/sluice-v1.md', import.meta.url), 'utf8');

/** The bytes of an example: the hexadecimal columns of its block, without the words beside them. */
function example(name: string): Uint8Array {
  const block = new RegExp(`<!-- example: ${name} -->\n\`\`\`\n([^\`]+)\`\`\``).exec(page)?.[1];
  if (block === undefined) throw new Error(`the page has no example "${name}"`);
  const hex = block.split('\n').map((line) => line.split(/ {3,}/)[0]);
  return Uint8Array.from(Buffer.from(hex.join('').replaceAll(/\s/g, ''), 'hex'));
}

const bytes = (text: string): Uint8Array => encodeName(text);

describe('the examples of the protocol page', () => {
  it('push', () => {
    const entries = [
      { id: null, payload: bytes('hi') },
      { id: '1700000000000-*', payload: Uint8Array.of(255, 0, 255) },
    ];
    expect(encodePush({ tag: 7, wantsIds: true }, [{ name: bytes('cam:a'), entries }])).toEqual(example('push'));
    expect(decodePush(example('push'), new NameTable())).toMatchObject({
      tag: 7,
      sections: [{ name: 'cam:a', entries }],
    });
  });

  it('ack', () => {
    const ids = ['1700000000001-0', '1700000000001-1'];
    expect(encodeAck(7, ids)).toEqual(example('ack'));
    expect(decodeAck(example('ack'))).toEqual({ tag: 7, ids });
  });

  it('data', () => {
    const fields = [{ name: 'unit', value: bytes('C') }];
    const entries = [{ id: '1700000000002-0', payload: bytes('21.5'), fields }];
    expect(encodeData(1, [{ name: bytes('default:log'), entries }], true)).toEqual(example('data'));
    expect(decodeData(example('data'), new NameTable())).toEqual({
      sub: 1,
      sections: [{ name: 'default:log', entries }],
    });
  });

  it('packed', () => {
    const body = encodePackedSection(bytes('cam:a'), '1700000000003-0', packPayloads([bytes('a'), bytes('b')]));
    expect(Buffer.concat([encodeFrameHead(2, 5, 1), ...body])).toEqual(Buffer.from(example('packed')));
    expect(decodeData(example('packed'), new NameTable()).sections[0]?.entries.map(({ id }) => id)).toEqual([
      '1700000000003-0/0',
      '1700000000003-0/1',
    ]);
  });

  it('control messages are read by the parsers', () => {
    const messages = [...page.matchAll(/```json\n([^`]+)```/g), ...page.matchAll(/`(\{"[^`]+\})`/g)].map(
      ([, text]) => text ?? '',
    );
    expect(messages.length).toBeGreaterThan(12);
    for (const text of messages) {
      if (text.includes('"op"')) parseClientMessage(text.replace('"bytes":n', '"bytes":1').replace('["…"]', '["5-0"]'));
      else parseServerMessage(text);
    }
  });
});
