import { describe, expect, it } from '@jest/globals';
import { Pending, type StateRow } from './pending.js';

const row = (key: string, seq: number, json = '{}'): StateRow => ({ key, position: `1-${seq}`, item: 0, json });
const large = { records: 100, bytes: 1_000_000 };

function fill(pending: Pending, keys: string): readonly string[] {
  [...keys].forEach((key, at) => pending.put(row(key, at)));
  return pending.take().map(({ key, position }) => `${key}${position.slice(2)}`);
}

describe('rows that wait for the database', () => {
  it('are the newest of each key, in the order they came', () => {
    const pending = new Pending(large);
    expect(fill(pending, 'abac')).toEqual(['b1', 'a2', 'c3']);
    expect([pending.size, pending.take()]).toEqual([0, []]);
    pending.put(row('a', 5));
    pending.put(row('a', 4));
    expect(pending.take()).toEqual([row('a', 5)]);
  });

  it('are forgotten oldest first beyond the records of the window, those that came again last', () => {
    expect(fill(new Pending({ ...large, records: 2 }), 'abac')).toEqual(['a2', 'c3']);
    expect(fill(new Pending({ ...large, records: 3 }), 'abac')).toEqual(['b1', 'a2', 'c3']);
  });

  it('are forgotten beyond the bytes of the window, but for the newest', () => {
    const pending = new Pending({ ...large, bytes: 10 });
    for (const [at, json] of ['12345', '12345', '1', '12345678901'].entries()) pending.put(row(String(at), at, json));
    expect(pending.take().map(({ key }) => key)).toEqual(['3']);
    for (const [at, json] of ['12345', '12345'].entries()) pending.put(row(String(at), at, json));
    expect(pending.size).toBe(2);
  });

  it('take as long for a row after many as after few, whether keys are new or come again', () => {
    const pending = new Pending({ ...large, records: 50_000 });
    for (let at = 0; at < 400_000; at++) pending.put(row(String(at), at));
    for (let at = 0; at < 400_000; at++) pending.put(row(String(at % 10), 400_000 + at));
    expect([pending.size, pending.take().at(-1)?.position]).toEqual([50_000, '1-799999']);
  });
});
