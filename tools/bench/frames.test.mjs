import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NameTable, decodePush, parsePushHeader } from '@sluice/wire';
import { PushMessages, maskedFrame, opcodes, payloadOf } from './frames.mjs';

const payloadBytes = 300;
const options = { stream: 's', payloadBytes };

/** The unmasked frames of a client. */
function readFrames(bytes) {
  const frames = [];
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1] & 127;
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? bytes.readUInt32BE(at + 6) : short;
    const maskAt = at + 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    const body = Buffer.from(bytes.subarray(maskAt + 4, maskAt + 4 + length));
    for (let index = 0; index < length; index += 1) body[index] ^= bytes[maskAt + (index & 3)];
    frames.push({ opcode: bytes[at] & 15, isMasked: bytes[at + 1] >= 128, body });
    at = maskAt + 4 + length;
  }
  return frames;
}

for (const size of [0, 125, 126, 65_535, 65_536]) {
  test(`a frame of ${size} bytes is masked and whole`, () => {
    const [frame, ...more] = readFrames(maskedFrame(opcodes.binary, payloadOf(size)));
    assert.deepEqual([frame.opcode, frame.isMasked, more.length], [opcodes.binary, true, 0]);
    assert.ok(frame.body.equals(payloadOf(size)));
  });
}

test('plain messages are the payload alone', () => {
  const frames = readFrames(new PushMessages({ ...options, encoding: 'plain' }).take(3));
  assert.equal(frames.length, 3);
  for (const { body } of frames) assert.ok(body.equals(payloadOf(payloadBytes)));
});

for (const [encoding, entriesPerMessage] of [
  ['headed', 1],
  ['many', 5],
]) {
  test(`${encoding} messages are a header that fits its data`, () => {
    const [header, blob] = readFrames(new PushMessages({ ...options, encoding, entriesPerMessage }).take(1));
    const parts = parsePushHeader(header.body.toString(), blob.body.length, ['s']);
    assert.equal(parts.length, entriesPerMessage);
    for (const { start, end } of parts) assert.ok(blob.body.subarray(start, end).equals(payloadOf(payloadBytes)));
  });
}

for (const packed of [false, true]) {
  test(`sluice.v1 messages ${packed ? 'packed ' : ''}carry rising tags over all streams of a connection`, () => {
    const tags = { last: 0 };
    const ofStream = (stream) =>
      new PushMessages({ ...options, stream, encoding: 'v1', entriesPerMessage: 4, acks: true, packed }, tags);
    const messages = [ofStream('a'), ofStream('b')];
    const bytes = [...messages, ...messages, ...messages].map((some) => Buffer.from(some.take(2)));
    const pushes = readFrames(Buffer.concat(bytes)).map(({ body }) => decodePush(body, new NameTable((name) => name)));
    assert.deepEqual(
      pushes.map(({ tag }) => tag),
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
    for (const push of pushes) {
      assert.equal(push.acks, true);
      assert.equal(packed ? push.packed.length : push.sections[0].entries.length, packed ? 1 : 4);
    }
  });
}
