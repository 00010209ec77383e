import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import {
  channel,
  defineApplication,
  recordType,
  StagingEvent,
  StagingRequest,
  Type,
  type GatewayModule,
} from '../src/sdk/index.js';
import { TestGateway } from './support/gateway.js';

const Order = recordType('Order', { n: Type.Integer({ default: 0 }) });
const channels = {
  wanted: channel(Order, { sendable: true }),
  orders: channel(Order, { staged: true, stagingEvents: 'events', stagingRequests: 'requests' }),
  events: channel(StagingEvent),
  requests: channel(StagingRequest, { sendable: true }),
};

/** Stages each record that is wanted, and releases all of them with every tenth. */
const collector: GatewayModule<typeof channels> = {
  name: 'Collector',
  connect: (gateway) => {
    const requests = gateway.output('requests');
    gateway.on(['wanted'], ({ wanted }) => {
      requests.tick({ action: 'ADD', items: [wanted] });
      if (((wanted?.n ?? 0) + 1) % 10 === 0) requests.tick({ action: 'RELEASE' });
    });
  },
};
const application = defineApplication({ channels, modules: [collector as never] });

let redis: RedisServer;
let replicas: TestGateway[];

beforeAll(async () => {
  redis = await startRedis();
  replicas = await Promise.all([1, 2].map(() => TestGateway.start({ application, redis })));
});

afterAll(async () => {
  await Promise.all((replicas ?? []).map((replica) => replica.close()));
  await redis?.stop();
});

const running = (): Promise<TestGateway> =>
  waitFor(() => replicas.find(({ gateway }) => gateway.runner.isRunning) ?? null, { message: 'the modules run' });
const released = async (replica: TestGateway): Promise<unknown[]> =>
  (await replica.list('/history/orders?limit=1000')).map(({ n }) => n);

describe('what modules ask of staging areas', () => {
  it('is done once, in its order, also when another replica goes on with it', async () => {
    const first = await running();
    const other = replicas.find((one) => one !== first) as TestGateway;
    for (let n = 0; n < 95; n += 5) {
      await other.post(
        '/send/wanted',
        [0, 1, 2, 3, 4].map((more) => ({ n: n + more })),
      );
      if (n === 45) {
        replicas = [other];
        await first.close();
      }
    }
    await waitFor(async () => (await released(other)).length >= 90, { message: 'all records are released' });
    await waitFor(
      async () =>
        Object.values((await other.get('/stage/orders', { method: 'PUT' })).body as object).flat().length === 5,
    );
    expect(await released(other)).toEqual(Array.from({ length: 90 }, (_value, n) => n));
  });

  it('goes together with what clients do', async () => {
    const one = await running();
    const { body } = await one.post('/stage/orders?id=', { n: 1000 });
    expect(Object.values(body as object).flat()).toHaveLength(6);
    await one.post('/send/requests', { action: 'RELEASE' });
    await waitFor(async () => (await released(one)).length === 96);
    expect((await released(one)).at(-1)).toBe(1000);
    expect(await one.list('/last/events')).toMatchObject([
      { action: 'RELEASED', channel: 'orders', items: [{ n: 1000 }] },
    ]);
  });

  it('and cannot be done is kept as a failure, and what comes after it goes on', async () => {
    const one = await running();
    await one.post('/send/requests', [
      { action: 'ADD', staging_ids: ['nope'], items: [{ n: 1 }] },
      { action: 'ADD', items: [{ n: 'x' }] },
      { action: 'ADD', items: [{ n: 2000 }] },
      { action: 'RELEASE' },
    ]);
    await waitFor(async () => (await released(one)).at(-1) === 2000);
    expect(one.gateway.runner.deadLetters.countByModule.get('Staging[orders]')).toBe(2);
  });
});
