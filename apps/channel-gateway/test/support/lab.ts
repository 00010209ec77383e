import {
  basketOfLists,
  channel,
  defineApplication,
  enumBasket,
  list,
  nested,
  recordType,
  Type,
  type Application,
  type GatewayModule,
} from '@sluice/channel-gateway/sdk';
import type { Sourced } from './replicas.js';

const Inner = recordType('Inner', { n: Type.Integer({ default: 0 }) });
const Secret = recordType('Secret', { s: Type.String({ default: '' }) }, { omitFromLookup: true });
const Reading = recordType('Reading', {
  x: Type.Integer({ default: 0 }),
  text: Type.String({ default: '' }),
  inner: Type.Optional(nested(Inner)),
});

const channels = {
  input: channel(Reading, { sendable: true }),
  doubled: channel(Reading),
  lists: list(Reading, { sendable: true }),
  sides: enumBasket({ LEFT: 1, RIGHT: 2 }, Reading, { sendable: true }),
  listed: basketOfLists(['y/z', 'q'], Reading, { sendable: true }),
  secrets: channel(Secret, { sendable: true }),
  silent: channel(Reading),
};

const doubler: GatewayModule<typeof channels> = {
  name: 'Doubler',
  connect: (gateway) => {
    const doubled = gateway.output('doubled');
    gateway.on(['input'], ({ input }) => {
      if (input?.text === 'throw') throw new Error('asked to throw');
      if (input?.text === 'throw oddly') throw Object.assign(new Error(), { message: Object.create(null) as string });
      doubled.tick({ x: (input?.x ?? 0) * 2, text: input?.text ?? '' });
    });
  },
};

/** Channels of every shape that tick only when a test sends something. */
export function lab(mounts: Application['mounts'] = {}): Sourced {
  return {
    ...defineApplication({ title: 'Lab', channels, modules: [doubler], mounts }),
    source: { file: import.meta.url, name: 'lab', mounts },
  };
}
