// A whole application: SLUICE_CHANNELS=examples/channels/orders.ts npm start
import { basket, channel, defineApplication, recordType, RecordValueError, Type } from '@sluice/channel-gateway/sdk';
import type { Connector, GatewayModule } from '@sluice/channel-gateway/sdk';

const Order = recordType(
  'Order',
  { part: Type.String({ default: '' }), count: Type.Integer({ default: 1 }) },
  {
    validators: {
      after: [
        (order) => {
          if (order.count < 1) throw new RecordValueError('nobody orders less than one');
          return order;
        },
      ],
    },
  },
);
const Total = recordType('Total', { count: Type.Integer({ default: 0 }) });

const channels = {
  orders: channel(Order, { sendable: true, states: [{ keyBy: ['part'] }] }),
  totals: basket(['screws', 'nuts'], Total),
  idle: channel(Total),
};

/** Adds up what is ordered of each part, and counts the seconds without an order. */
class Counter implements GatewayModule<typeof channels> {
  readonly name = 'Counter';

  connect(gateway: Connector<typeof channels>): void {
    const totals = gateway.output('totals');
    const idle = gateway.output('idle');
    const known = new Set(gateway.keys('totals'));
    const counts = new Map<string, number>();
    let seconds = 0;
    gateway.on(['orders'], ({ orders }) => {
      if (orders === undefined) return;
      seconds = 0;
      const count = (counts.get(orders.part) ?? 0) + orders.count;
      if (!known.has(orders.part)) throw new Error(`there are no ${orders.part}`);
      counts.set(orders.part, count);
      totals.tick({ [orders.part]: { count } });
    });
    gateway.every(1000, () => idle.tick({ count: ++seconds }));
  }
}

export default defineApplication({
  title: 'Orders',
  channels,
  modules: [new Counter()],
  mounts: { controls: { stats: true } },
});
