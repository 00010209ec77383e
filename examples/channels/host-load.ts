// Records out of a binary stream: each entry of `host:load` is a count of processes (32 bits) and two loads (64 bits each).
// SLUICE_CHANNELS=examples/channels/host-load.ts npm start
import { channel, defineApplication, filterChannel, followStream, recordType, Type } from '@sluice/channel-gateway/sdk';

const ENTRY_BYTES = 20;

const Load = recordType('Load', {
  entry: Type.String({ description: 'Id of the entry in the stream.' }),
  processes: Type.Integer(),
  load1: Type.Number(),
  load15: Type.Number(),
});

const channels = {
  load: channel(Load, { states: [{ keyBy: ['entry'] }] }),
  overload: channel(Load, { description: 'Where more is to be done than last quarter of an hour.' }),
};

const decode = followStream({
  url: process.env['SLUICE_URL'] ?? 'http://127.0.0.1:8000',
  streams: 'host:load',
  from: '-',
  channel: 'load',
  decode: ({ id, payload }) => {
    if (payload.length !== ENTRY_BYTES) throw new Error(`an entry has ${ENTRY_BYTES} bytes, not ${payload.length}`);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    return { entry: id, processes: view.getUint32(0), load1: view.getFloat64(4), load15: view.getFloat64(12) };
  },
});

const overload = filterChannel<{ load1: number; load15: number }>({
  from: 'load',
  to: 'overload',
  keep: ({ load1, load15 }) => load1 > load15,
});

export default defineApplication({ title: 'Load of a host', channels, modules: [decode, overload] });
