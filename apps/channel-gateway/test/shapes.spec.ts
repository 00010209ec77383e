import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { basket, basketOfLists, channel, defineApplication, list, recordType, Type } from '@sluice/channel-gateway/sdk';
import { startRedis, type RedisServer } from '@sluice/testing';
import { TestGateway } from './support/gateway.js';

const Note = recordType('Note', { text: Type.String({ default: '' }) });
const sendable = { sendable: true };
const SHAPES = {
  'a channel of single records': channel(Note, sendable),
  'a channel of lists': list(Note, sendable),
  'a basket': basket(['a'], Note, sendable),
  'a basket of lists': basketOfLists(['a'], Note, sendable),
};
type Shape = keyof typeof SHAPES;

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis?.stop();
});

const start = (application: string, shape: Shape): Promise<TestGateway> =>
  TestGateway.start({
    redis,
    application: defineApplication({ channels: { notes: SHAPES[shape] } }),
    environment: { SLUICE_CHANNEL_GATEWAY_APPLICATION: application },
  });

/** Starts and ends a gateway whose channel has ticked. */
async function tick(application: string, shape: Shape): Promise<void> {
  const gateway = await start(application, shape);
  const key = shape.startsWith('a basket') ? '/a' : '';
  expect((await gateway.post(`/send/notes${key}`, [{ text: 'x' }])).status).toBe(200);
  await gateway.close();
}

describe('a channel of the same name', () => {
  it.each<[Shape, Shape]>([
    ['a channel of single records', 'a channel of lists'],
    ['a channel of lists', 'a channel of single records'],
    ['a channel of lists', 'a basket'],
    ['a basket', 'a channel of single records'],
    ['a basket', 'a basket of lists'],
    ['a basket of lists', 'a basket'],
  ])('that was %s and is %s ends the start with a clear word', async (was, is) => {
    const application = `${was}-to-${is}`.replaceAll(' ', '-');
    await tick(application, was);
    const words = `channel "notes" is ${is}, and was ${was} when it ticked last`;
    await expect(start(application, is)).rejects.toThrow(words);
    const same = await start(application, was);
    expect(await same.list('/last/notes')).toMatchObject([{ text: 'x' }]);
    await same.close();
  });

  it('that has not ticked may be of another shape', async () => {
    await (await start('silent', 'a channel of lists')).close();
    await tick('silent', 'a channel of single records');
    await (await start('silent', 'a channel of single records')).close();
  });

  it('that ticked before shapes were kept is known by what the log shows', async () => {
    await tick('older', 'a basket');
    await redis.command('DEL', 'sluice:channels:{older}:shapes');
    await expect(start('older', 'a channel of lists')).rejects.toThrow('is a channel of lists, and was a basket when');
    await (await start('older', 'a basket')).close();
  });
});
