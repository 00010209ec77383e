import { describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/contracts';
import { PushLedger, type PushResult } from './push-ledger.js';

/** What a ledger reported, in order. */
function recorder(): { told: [string, ...PushResult[]][]; ledger: PushLedger<string> } {
  const told: [string, ...PushResult[]][] = [];
  const ledger = new PushLedger<string>({
    onSettledOne: (message, result) => told.push([message, result]),
    onSettled: (message, results) => told.push([message, ...results]),
  });
  return { told, ledger };
}

describe('a push ledger', () => {
  it('reports messages in their order, however their entries settle', () => {
    const { told, ledger } = recorder();
    const [a1, a2, b] = [ledger.add(1, undefined), ledger.add(2, 'a'), ledger.add(3, 'b')];
    ledger.settle(b, '3-0');
    ledger.settle(a2, '2-0');
    expect(told).toEqual([]);
    ledger.settle(a1, '1-0');
    expect(told).toEqual([
      ['a', '1-0', '2-0'],
      ['b', '3-0'],
    ]);
  });

  it('counts entries until they are reported, and bytes until they are settled', () => {
    const { ledger } = recorder();
    const [a, b] = [ledger.add(10, 'a'), ledger.add(5, 'b')];
    expect([ledger.unreported, ledger.bytes, ledger.isEmpty]).toEqual([2, 15, false]);
    ledger.settle(b, '2-0');
    expect([ledger.unreported, ledger.bytes, ledger.isEmpty]).toEqual([2, 10, false]);
    ledger.settle(a, new SluiceError('LOG_FULL', 'full'));
    expect([ledger.unreported, ledger.bytes, ledger.isEmpty]).toEqual([0, 0, true]);
  });

  it('loses and mixes nothing over thousands of messages settled at random', () => {
    const { told, ledger } = recorder();
    const open: [token: number, result: string][] = [];
    const expected: [string, ...string[]][] = [];
    let id = 0;
    for (let n = 0; n < 5000; n++) {
      const results = Array.from({ length: 1 + (n % 4) }, () => `${++id}-0`);
      expected.push([String(n), ...results]);
      results.forEach((result, at) => {
        open.push([ledger.add(1, at === results.length - 1 ? String(n) : undefined), result]);
      });
      while (open.length > (n % 700) + 1) {
        const [next] = open.splice(Math.floor(Math.random() * open.length), 1);
        if (next !== undefined) ledger.settle(...next);
      }
    }
    for (const next of open) ledger.settle(...next);
    expect(told).toEqual(expected);
    expect(ledger.isEmpty).toBe(true);
  });
});
