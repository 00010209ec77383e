import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PACKED_DATA_FLAGS,
  encodeAck,
  encodeData,
  encodeFrameHead,
  encodeName,
  encodePackedSection,
  packPayloads,
} from '@sluice/wire';
import { FrameCounter } from './frame-counter.mjs';
import { opcodes, payloadOf } from './frames.mjs';

const entryBytes = 300;
const payload = payloadOf(entryBytes);
const name = encodeName('default:s');

/** A frame as a server sends it: not masked. */
function serverFrame(opcode, body) {
  const head =
    body.length < 126 ? Buffer.from([0, body.length]) : Buffer.from([0, 126, body.length >> 8, body.length & 255]);
  head[0] = 0x80 | opcode;
  return Buffer.concat([head, body]);
}

function feedInPieces(counter, bytes, pieceBytes) {
  // One buffer is used again and again, as the sockets do it.
  const shared = Buffer.alloc(pieceBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const count = bytes.copy(shared, 0, at, Math.min(bytes.length, at + pieceBytes));
    counter.feed(shared.subarray(0, count));
    shared.fill(0xff);
  }
}

function counterOf(encoding) {
  const seen = { texts: [], pings: [], failures: [] };
  const hooks = {
    onText: (text) => seen.texts.push(text),
    onPing: (ping) => seen.pings.push(ping.toString()),
    onFailure: (reason) => seen.failures.push(reason),
  };
  return { counter: new FrameCounter({ encoding, entryBytes }, hooks), seen };
}

for (const pieceBytes of [1, 7, 100, 1000, 100_000]) {
  test(`entries of a dialect are counted by their bytes, headers by their number, read in pieces of ${pieceBytes}`, () => {
    const { counter, seen } = counterOf('dialect');
    const entry = [serverFrame(opcodes.text, Buffer.from('[["s","1-0",300]]')), serverFrame(opcodes.binary, payload)];
    const idle = [serverFrame(opcodes.text, Buffer.from('[]')), serverFrame(opcodes.binary, Buffer.alloc(0))];
    feedInPieces(
      counter,
      Buffer.concat([...entry, ...idle, ...entry, serverFrame(opcodes.ping, Buffer.from('p'))]),
      pieceBytes,
    );
    assert.deepEqual([counter.entries, counter.texts, seen], [2, 3, { texts: [], pings: ['p'], failures: [] }]);
  });

  test(`entries of sluice.v1 are counted by their sections, packed or not, read in pieces of ${pieceBytes}`, () => {
    const { counter, seen } = counterOf('v1');
    const section = (count) => ({ name, entries: Array.from({ length: count }, () => ({ id: '5-1', payload })) });
    const packed = encodePackedSection(name, '5-2', packPayloads([payload, payload, payload]));
    const frames = [
      serverFrame(opcodes.text, Buffer.from('{"hello":{}}')),
      serverFrame(opcodes.binary, Buffer.from(encodeData(1, [section(2), section(1)]))),
      serverFrame(opcodes.binary, Buffer.from(encodeAck(77))),
      serverFrame(opcodes.binary, Buffer.concat([encodeFrameHead(2, PACKED_DATA_FLAGS, 1), ...packed])),
    ];
    feedInPieces(counter, Buffer.concat(frames), pieceBytes);
    assert.deepEqual([counter.entries, counter.settledTag], [6, 77]);
    assert.deepEqual(seen, { texts: ['{"hello":{}}'], pings: [], failures: [] });
  });
}

test('entries of another size than expected are a failure', () => {
  const { counter, seen } = counterOf('v1');
  const short = { name, entries: [{ id: '5-1', payload: payload.subarray(1) }] };
  counter.feed(serverFrame(opcodes.binary, Buffer.from(encodeData(1, [short]))));
  assert.match(seen.failures[0], /passes the end/);
});

test('a close is a failure with its code and reason', () => {
  const { counter, seen } = counterOf('dialect');
  counter.feed(serverFrame(opcodes.close, Buffer.concat([Buffer.from([0x03, 0xf0]), Buffer.from('why')])));
  assert.deepEqual(seen.failures, ['the server closed: 1008 why']);
});
