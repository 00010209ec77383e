import { describe, expect, it } from '@jest/globals';
import { ByteMeter } from './byte-meter.js';

function meterOf(limitBytes: number, stored: { bytes: number }, clock: { nowMs: number }): ByteMeter {
  const bound = { quota: 'bytes', setting: 'SOME_SETTING', limitBytes, measure: () => Promise.resolve(stored.bytes) };
  return new ByteMeter(bound, () => clock.nowMs);
}

describe('a meter of stored bytes', () => {
  it('begins with what is stored, takes what just fits, and refuses the next byte by name', async () => {
    const meter = meterOf(100, { bytes: 60 }, { nowMs: 0 });
    await meter.open('ada');
    meter.add('ada', 40);
    expect(() => meter.add('ada', 1)).toThrow(
      /ada holds 100 bytes and pushes 1 more: the quota is 100 bytes \(SOME_SETTING\)/,
    );
    expect(() => meter.add('ada', 0)).not.toThrow();
  });

  it('is open only when the figure is there, also for who asks while it is being found out', async () => {
    const figure = Promise.withResolvers<number>();
    const meter = new ByteMeter({ quota: 'bytes', setting: 'X', limitBytes: 100, measure: () => figure.promise });
    const opened: string[] = [];
    const both = ['first', 'second'].map((name) => meter.open('ada').then(() => opened.push(name)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened).toEqual([]);
    figure.resolve(100);
    await Promise.all(both);
    expect(() => meter.add('ada', 1)).toThrow('quota');
  });

  it('lets a subject go on after it has deleted something', async () => {
    const stored = { bytes: 100 };
    const clock = { nowMs: 0 };
    const meter = meterOf(100, stored, clock);
    await meter.open('ada');
    expect(() => meter.add('ada', 1)).toThrow('quota');
    stored.bytes = 10;
    clock.nowMs = 5_000;
    expect(() => meter.add('ada', 1)).toThrow('quota');
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => meter.add('ada', 90)).not.toThrow();
  });
});
