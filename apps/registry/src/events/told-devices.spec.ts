import { expect, it } from '@jest/globals';
import { type EntryEvent, type Loss } from '../follow/entry-feed.js';
import { type EventStream } from '../graphql/event-stream.js';
import { toldDevices } from './told-devices.js';

const LOSS: Loss = { after: '1-0', next: '9-0', lost: 7, isReset: false };

function meta(device: string, loss: Loss | null = null): EntryEvent {
  const payload = Buffer.from(JSON.stringify({ device_id: device, meta: { of: device } }));
  return { key: ':event:device.meta', entries: [{ id: '9-0', payload } as never], loss };
}

function streamOf(events: readonly EntryEvent[]): EventStream<EntryEvent> {
  const source = events.values();
  return {
    next: async () => source.next() as IteratorResult<EntryEvent, undefined>,
    return: async () => ({ done: true, value: undefined }),
    throw: async (error) => {
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

it('after a loss, tells nothing of devices that are not the reader’s, and the loss with the next one that is', async () => {
  const entries = [meta('mine'), meta('secret', LOSS), meta('secret'), meta('mine'), meta('mine')];
  const seen = [];
  for await (const { deviceId, hasMissed } of toldDevices(streamOf(entries), [], (device) => device === 'mine')) {
    seen.push([deviceId, hasMissed]);
  }
  expect(seen).toEqual([
    ['mine', false],
    ['mine', true],
    ['mine', false],
  ]);
});
