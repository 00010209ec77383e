import {
  channel,
  date,
  dateTime,
  defineApplication,
  enumBasket,
  enumName,
  enumValue,
  list,
  nested,
  recordType,
  StagingEvent,
  Type,
  type Application,
  type GatewayModule,
} from '@sluice/channel-gateway/sdk';
import type { Sourced } from './replicas.js';

const Inner = recordType('Inner', { z: Type.Integer({ default: 0 }) });
const Sample = recordType('Sample', {
  n: Type.Optional(Type.Integer()),
  f: Type.Optional(Type.Number()),
  text: Type.String({ default: '' }),
  flag: Type.Optional(Type.Boolean()),
  when: Type.Optional(dateTime()),
  day: Type.Optional(date()),
  color: Type.Optional(enumValue({ RED: 1, BLUE: 2 })),
  shade: Type.Optional(enumName({ DARK: 7, LIGHT: 8 })),
  inner: Type.Optional(nested(Inner)),
  tags: Type.Array(Type.String(), { default: [] }),
  map: Type.Record(Type.String(), Type.Integer(), { default: {} }),
});

const channels = {
  samples: channel(Sample, { sendable: true, states: [{ keyBy: ['id'] }] }),
  keyed: channel(Sample, {
    sendable: true,
    states: [
      { keyBy: ['text'] },
      { keyBy: ['inner.z'], alias: 'by_inner' },
      { keyBy: ['no.such.path'], alias: 'by_nothing' },
    ],
  }),
  lists: list(Sample, { sendable: true, states: [{ keyBy: ['text'] }] }),
  sides: enumBasket({ LEFT: 1, RIGHT: 2 }, Sample, {
    sendable: true,
    states: [{ keyBy: ['text'], alias: 'right', key: 'RIGHT' }],
  }),
  empty: channel(Sample, { states: [{ keyBy: ['id'] }] }),
  orders: channel(Sample, { staged: true, stagingEvents: 'order_events' }),
  order_events: channel(StagingEvent),
  staged_lists: list(Sample, { staged: true }),
  actions: channel(Sample),
};

/** Tells on `actions` what happens to the staging areas of `orders`. */
const teller: GatewayModule<typeof channels> = {
  name: 'Teller',
  connect: (gateway) => {
    const actions = gateway.output('actions');
    gateway.on(['order_events'], ({ order_events: event }) => {
      actions.tick({ text: `${event?.action ?? ''} ${event?.items.length ?? 0}` });
    });
  },
};

/** Channels with states and staging areas that tick only when a test sends something. */
export function states(mounts: Application['mounts'] = {}): Sourced {
  return {
    ...defineApplication({ title: 'States', channels, modules: [teller], mounts }),
    source: { file: import.meta.url, name: 'states', mounts },
  };
}
