import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from './support/gateway.js';
import { states } from './support/states.js';

let lab: TestGateway;
let betweenMs = 0;

beforeAll(async () => {
  lab = await TestGateway.start({ application: states() });
  await lab.post('/send/keyed', [{ n: 1 }, { n: 2 }]);
  betweenMs = await redisTime();
  while ((await redisTime()) < betweenMs + 2) continue;
  await lab.post('/send/keyed', { n: 3 });
  await lab.post('/send/sides', { LEFT: { n: 1 }, RIGHT: { n: 2 } });
  await lab.post('/send/sides/LEFT', { n: 3 });
  await lab.post('/send/lists', [{ n: 1 }, { n: 2 }]);
});

afterAll(async () => {
  await lab?.close();
});

const redisTime = async (): Promise<number> => {
  const [seconds, micros] = (await lab.redis.command('TIME')) as [string, string];
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
};
const numbers = async (path: string): Promise<unknown> => (await lab.list(`/history/${path}`)).map(({ n }) => n);

describe('the history of a channel', () => {
  it('has what ticked, oldest first', async () => {
    expect(await numbers('keyed')).toEqual([1, 2, 3]);
    expect(await numbers('lists')).toEqual([1, 2]);
    expect(await numbers('samples')).toEqual([]);
  });

  it('of a basket has all keys or one', async () => {
    expect(await numbers('sides')).toEqual([1, 2, 3]);
    expect(await numbers('sides/LEFT')).toEqual([1, 3]);
  });

  it('goes from one moment to another, given as text or as seconds', async () => {
    const split = new Date(betweenMs + 1).toISOString();
    expect(await numbers(`keyed?end=${split}`)).toEqual([1, 2]);
    expect(await numbers(`keyed?start=${split}`)).toEqual([3]);
    expect(await numbers(`keyed?start=${(betweenMs + 1) / 1000}`)).toEqual([3]);
    expect(await numbers(`keyed?start=0&end=2100-01-01`)).toEqual([1, 2, 3]);
    expect(await numbers(`keyed?start=2100-01-01`)).toEqual([]);
    expect(await numbers(`keyed?start=2100-01-01&end=2000-01-01`)).toEqual([]);
  });

  it('is read in parts, none twice and none left out', async () => {
    const seen: unknown[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { body, headers } = await lab.get(`/history/keyed?limit=1${after === '' ? '' : `&after=${after}`}`);
      seen.push(...(body as { n: number }[]).map(({ n }) => n));
      after = headers.get('x-next-after');
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it.each(['keyed?start=soon', 'keyed?limit=10001', 'keyed?limit=x', 'keyed?after=x', 'keyed?start=1&start=2'])(
    '%s is refused',
    async (path) => {
      expect((await lab.get(`/history/${path}`)).status).toBe(422);
    },
  );

  it.each(['nope', 'keyed/x', 'sides/NOPE', ''])('"%s" is not found', async (path) => {
    expect((await lab.get(`/history/${path}`)).status).toBe(404);
  });
});
