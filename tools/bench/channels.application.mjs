import { channel, defineApplication, recordType, Type } from '@sluice/channel-gateway/sdk';

const Row = recordType('Row', { n: Type.Integer({ default: 0 }), text: Type.String({ default: '' }) });

/** What the bench runs in place of the demo: rows to look for, and a channel that ticks only when somebody sends. */
export default defineApplication({
  title: 'Bench',
  channels: {
    rows: channel(Row, { sendable: true, states: [{ keyBy: ['id'] }] }),
    quiet: channel(Row, { sendable: true }),
  },
  modules: [],
});
