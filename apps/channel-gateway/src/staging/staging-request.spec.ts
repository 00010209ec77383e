import { describe, expect, it } from '@jest/globals';
import {
  channel,
  defineApplication,
  recordType,
  StagingEvent,
  StagingRequest,
  TestKit,
  Type,
  type GatewayModule,
} from '../sdk/index.js';

const Order = recordType('Order', {
  part: Type.String({ default: '' }),
  count: Type.Integer({ default: 1, minimum: 1 }),
});
const channels = {
  wanted: channel(Order, { sendable: true }),
  orders: channel(Order, { staged: true, stagingEvents: 'events', stagingRequests: 'requests' }),
  events: channel(StagingEvent),
  requests: channel(StagingRequest, { sendable: true }),
};

/** Stages what is wanted, and releases an area as soon as three records are in it. */
const collector: GatewayModule<typeof channels> = {
  name: 'Collector',
  connect: (gateway) => {
    const requests = gateway.output('requests');
    const counts = new Map<string, number>();
    gateway.on(['wanted'], ({ wanted }) => requests.tick({ action: 'ADD', items: [wanted] }));
    gateway.on(['events'], ({ events: event }) => {
      if (event?.action !== 'ADDED') return;
      const count = (counts.get(event.staging_id) ?? 0) + 1;
      counts.set(event.staging_id, count);
      if (count === 3) requests.tick({ action: 'RELEASE', staging_ids: [event.staging_id] });
    });
  },
};

const kit = (modules: GatewayModule<typeof channels>[] = []): TestKit =>
  new TestKit(defineApplication({ channels, modules: modules as never }));
const actions = (one: TestKit): unknown[] =>
  (one.values('events') as { action: string; items: { part: string }[] }[]).map(({ action, items }) =>
    [action, ...items.map(({ part }) => part)].join(' '),
  );

describe('a module', () => {
  it('stages records, is told of it, and releases them in their order', () => {
    const one = kit([collector]);
    one.send('wanted', [{ part: 'a' }, { part: 'b' }]);
    expect(one.areas('orders')).toMatchObject([{ records: [{ part: 'a', count: 1 }, { part: 'b' }] }]);
    expect(one.values('orders')).toEqual([]);
    one.send('wanted', { part: 'c' });
    expect(one.values('orders')).toMatchObject([{ part: 'a' }, { part: 'b' }, { part: 'c' }]);
    expect(one.areas('orders')).toEqual([]);
    expect(actions(one)).toEqual([
      'CREATED',
      'ADDED a',
      'ADDED b',
      'ADDED c',
      'RELEASED a',
      'RELEASED b',
      'RELEASED c',
    ]);
    expect(one.faults).toEqual([]);
  });
});

describe('a request', () => {
  it('opens, fills, empties, drops and releases areas as clients do', () => {
    const one = kit();
    one.send('requests', { action: 'ADD' });
    one.send('requests', {
      action: 'ADD',
      items: [
        { id: 'r1', part: 'a' },
        { id: 'r2', part: 'b' },
      ],
    });
    const [area] = one.areas('orders');
    expect(area?.records).toMatchObject([{ id: 'r1' }, { id: 'r2' }]);
    one.send('requests', { action: 'REMOVE', items: [{ id: 'r1' }] });
    expect(one.areas('orders')[0]?.records).toMatchObject([{ id: 'r2' }]);
    one.send('requests', { action: 'REMOVE', staging_ids: [area?.id ?? ''] });
    expect(one.areas('orders')).toEqual([{ id: area?.id, records: [] }]);
    one.send('requests', { action: 'RELEASE', staging_ids: [] });
    expect(one.areas('orders')).toHaveLength(1);
    one.send('requests', { action: 'REMOVE', staging_ids: [] });
    expect(one.areas('orders')).toEqual([]);
  });

  it.each([
    [{ action: 'ADD', items: [{ count: 0 }] }, 'greater than or equal to 1'],
    [{ action: 'ADD', items: [{ id: 'ok' }, { other: 1 }] }, 'Extra inputs'],
    [{ action: 'ADD', staging_ids: ['nope'], items: [{}] }, 'Staging ID not found: nope'],
    [{ action: 'ADD', staging_ids: ['nope'] }, 'Cannot specify staging_ids'],
  ])('%j is told as a failure, and nothing of it is done', (request, message) => {
    const one = kit();
    one.send('requests', request);
    expect(one.faults).toMatchObject([{ module: 'Staging[orders]', ticks: { requests: request } }]);
    expect(String(one.faults[0]?.error)).toContain(message);
    expect(one.areas('orders')).toEqual([]);
  });
});

it.each([
  [{ orders: channel(Order, { stagingRequests: 'requests' }), requests: channel(StagingRequest) }, 'is not staged'],
  [{ orders: channel(Order, { staged: true, stagingRequests: 'nope' }) }, 'no channel of StagingRequest'],
  [
    { orders: channel(Order, { staged: true, stagingRequests: 'events' }), events: channel(StagingEvent) },
    'StagingRequest',
  ],
])('an application with %j is refused', (wrong, message) => {
  expect(() => new TestKit(defineApplication({ channels: wrong as never, modules: [] }))).toThrow(message);
});
