import { describe, expect, it } from '@jest/globals';
import { WaitingTicks } from './waiting-ticks.js';

const window = { records: 1_000_000, bytes: 100_000_000 };

function fill(ticks: WaitingTicks, count: number, text = 'é'): void {
  for (let at = 0; at < count; at++) ticks.put({ id: `1-0/${at}`, payload: Buffer.from(`${text}${at}`) });
}

function takeAll(ticks: WaitingTicks): string[] {
  const taken: string[] = [];
  for (let part = ticks.take(); part.length > 0; part = ticks.take()) {
    taken.push(...part.map(({ id, payload }) => `${id} ${Buffer.from(payload).toString()}`));
  }
  return taken;
}

describe('ticks that wait to be read', () => {
  it('come back as they went in, in their order, and only once', () => {
    const ticks = new WaitingTicks(window);
    fill(ticks, 50_000);
    expect(ticks.size).toBe(50_000);
    const taken = takeAll(ticks);
    expect([taken.length, taken[0], taken.at(-1)]).toEqual([50_000, '1-0/0 é0', '1-0/49999 é49999']);
    expect([ticks.size, ticks.take()]).toEqual([0, []]);
    fill(ticks, 1);
    expect(takeAll(ticks)).toEqual(['1-0/0 é0']);
  });

  it('may each be longer than what is set aside for many', () => {
    const ticks = new WaitingTicks(window);
    const long = 'x'.repeat(1_000_000);
    fill(ticks, 2, long);
    expect(takeAll(ticks)).toEqual([`1-0/0 ${long}0`, `1-0/1 ${long}1`]);
  });

  it('are the newest of the window, and not many more', () => {
    const ticks = new WaitingTicks({ ...window, records: 20_000 });
    fill(ticks, 200_000, 'x'.repeat(100));
    expect(ticks.size).toBeGreaterThanOrEqual(20_000);
    expect(ticks.size).toBeLessThan(25_000);
    expect(takeAll(ticks).at(-1)).toContain('x199999');
  });

  it('fit into the bytes of the window, and the newest is always there', () => {
    const ticks = new WaitingTicks({ ...window, bytes: 1_000_000 });
    fill(ticks, 200_000, 'x'.repeat(100));
    expect(ticks.size).toBeLessThan(10_000);
    fill(ticks, 1, 'x'.repeat(2_000_000));
    expect(takeAll(ticks)).toHaveLength(1);
  });

  it('are gone when they are cleared', () => {
    const ticks = new WaitingTicks(window);
    fill(ticks, 10);
    ticks.clear();
    expect([ticks.size, takeAll(ticks)]).toEqual([0, []]);
  });
});
