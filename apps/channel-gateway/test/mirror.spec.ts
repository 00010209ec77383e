import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import {
  basket,
  channel,
  defineApplication,
  list,
  mirrorChannels,
  recordType,
  RecordValueError,
  Type,
  type Application,
  type GatewayModule,
} from '../src/sdk/index.js';
import { TestGateway } from './support/gateway.js';

let redis: RedisServer;
const gateways: TestGateway[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await redis.stop();
});

/** The same channels on both sides; this one takes no 13. */
function application(modules: readonly GatewayModule[], isSuperstitious: boolean): Application {
  const Item = recordType(
    'Item',
    { x: Type.Integer({ default: 0 }) },
    {
      validators: {
        after: [
          (record) => {
            if (isSuperstitious && record.x === 13) throw new RecordValueError('unlucky');
            return record;
          },
        ],
      },
    },
  );
  const channels = {
    one: channel(Item, { sendable: true }),
    many: list(Item, { sendable: true }),
    sides: basket(['a', 'b'], Item, { sendable: true }),
  };
  return defineApplication({ channels, modules });
}

async function start(name: string, modules: readonly GatewayModule[], isSuperstitious = false): Promise<TestGateway> {
  const gateway = await TestGateway.start({
    redis,
    application: application(modules, isSuperstitious),
    environment: { SLUICE_CHANNEL_GATEWAY_APPLICATION: name },
  });
  gateways.push(gateway);
  return gateway;
}

describe('mirrorChannels', () => {
  it('ticks what another gateway ticks, what it has ticked last first, and survives what it must refuse', async () => {
    const source = await start('source', []);
    await source.post('/send/one', { x: 1 });
    const mirror = await start('mirror', [mirrorChannels({ url: source.url })], true);
    const sameAs = (path: string): Promise<unknown> =>
      waitFor(async () => {
        const [theirs, ours] = [await source.list(path), await mirror.list(path)];
        return theirs.length > 0 && JSON.stringify(theirs) === JSON.stringify(ours);
      });
    await sameAs('/last/one');
    await source.post('/send/many', [{ x: 2 }, { x: 3 }]);
    await source.post('/send/sides', { a: { x: 4 }, b: { x: 5 } });
    await source.post('/send/one', [{ x: 13 }, { x: 14 }]);
    for (const path of ['/last/many', '/last/sides', '/last/one']) await sameAs(path);
    expect(await mirror.list('/last/many')).toMatchObject([{ x: 2 }, { x: 3 }]);
    const failures = mirror.gateway.runner.deadLetters.countByModule;
    expect([...failures.values()]).toEqual([1]);
  });

  it('ticks each tick once, also those that came while nobody mirrored', async () => {
    const source = await start('origin', []);
    const mirroring = (): Promise<TestGateway> => start('again', [mirrorChannels({ url: source.url })]);
    const ticked = async (name: string): Promise<unknown[]> => {
      const stream = `sluice:channels:{again}:stream:${name}`;
      const entries = (await redis.command('XRANGE', stream, '-', '+')) as [string, string[]][];
      return entries.map(([, fields]) => {
        const tick = JSON.parse(fields[1] ?? '') as { x: number }[] | Record<string, { x: number }[]>;
        return Object.entries(tick).map(([key, value]) => [key, [value].flat()[0]?.x]);
      });
    };
    await source.post('/send/one', { x: 1 });
    let mirror = await mirroring();
    await waitFor(async () => (await ticked('one')).length === 1);
    for (let round = 2; round < 5; round++) {
      await waitFor(async () => Number(await redis.command('HLEN', 'sluice:channels:{again}:progress')) > 4);
      await source.post('/send/sides', { a: { x: round }, b: { x: -round } });
      await waitFor(async () => (await ticked('sides')).length === 2 * (2 * round - 4) + 2);
      await mirror.close();
      gateways.pop();
      await source.post('/send/one', { x: round });
      await source.post('/send/sides', { a: { x: 10 * round }, b: { x: -10 * round } });
      mirror = await mirroring();
      await waitFor(async () => (await ticked('one')).length >= round);
      await waitFor(async () => (await ticked('sides')).length >= 4 * (round - 1));
    }
    expect((await ticked('one')).flat().map((pair) => (pair as [string, number])[1])).toEqual([1, 2, 3, 4]);
    const sides = [2, 20, 3, 30, 4, 40].flatMap((x) => [[['a', x]], [['b', -x]]]);
    expect(await ticked('sides')).toEqual(sides);
  });
});
