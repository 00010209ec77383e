import { afterEach, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { Conversions, type ConversionLimits } from '../src/conversions/conversions.js';
import { floats } from './support/holo-frames.js';

const LIMITS: ConversionLimits = {
  slots: 2,
  maxWaitingPerClient: 4,
  maxBytesPerClient: 64 * 1024 * 1024,
  maxBytes: 256 * 1024 * 1024,
  maxInputBytes: 16 * 1024 * 1024,
  timeLimitMs: 60_000,
};

let conversions = new Conversions(LIMITS);
afterEach(() => conversions.onApplicationShutdown());

/** Millions of numbers: much work for few bytes. */
function large(): Promise<Buffer> {
  return sharp({ create: { width: 2300, height: 2300, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
}

test('slow conversions of one client do not delay those of another', async () => {
  conversions = new Conversions(LIMITS);
  const slow = await large();
  const order: string[] = [];
  const ask = async (client: string, payload: Buffer, input: string): Promise<void> => {
    await conversions.convert({ sid: 'any', payload, input, output: 'json', client });
    order.push(client);
  };
  const greedy = [1, 2, 3].map(() => ask('greedy', slow, 'png'));
  for (let count = 0; count < 5; count++) await ask('modest', floats(1, 2, 3), 'ndarray');
  await Promise.all(greedy);
  expect(order.indexOf('greedy')).toBeGreaterThanOrEqual(5);
  expect(order).toHaveLength(8);
});

test('a client over its bound is refused, one just at it is served', async () => {
  conversions = new Conversions(LIMITS);
  const ask = (): Promise<Buffer | null> =>
    conversions.convert({ sid: 'any', payload: floats(1), input: 'ndarray', output: 'json', client: 'busy' });
  const within = Array.from({ length: 1 + LIMITS.maxWaitingPerClient }, ask);
  await expect(ask()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  expect((await Promise.all(within)).map(String)).toEqual(within.map(() => '[1]'));
  expect(String(await ask())).toBe('[1]');
});

test('a conversion that takes too long is ended and costs nobody else', async () => {
  conversions = new Conversions({ ...LIMITS, timeLimitMs: 300 });
  const text = Buffer.from(`[${'1,'.repeat(7_000_000)}1]`);
  const stuck = conversions.convert({ sid: 'any', payload: text, input: 'json', output: 'ndarray', client: 'slow' });
  await expect(stuck).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await conversions.onApplicationShutdown();
  conversions = new Conversions(LIMITS);
  const next = await conversions.convert({
    sid: 'any',
    payload: floats(7),
    input: 'ndarray',
    output: 'json',
    client: 'b',
  });
  expect(String(next)).toBe('[7]');
});

test('text of millions of small values is read within its own size', async () => {
  conversions = new Conversions(LIMITS);
  const text = Buffer.from(`[${'{},'.repeat(5_500_000)}{}]`);
  const request = { sid: 'any', payload: text, input: 'json', output: 'json', client: 'hungry' };
  const before = process.memoryUsage().rss;
  expect((await conversions.convert(request))?.length).toBe(text.length);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
});
