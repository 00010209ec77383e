import { describe, expect, it } from '@jest/globals';
import { VitalsReader, parseAvailableBytes, parseNetDev } from './vitals.js';

describe('vitals', () => {
  it('are what the operating system says', () => {
    const vitals = new VitalsReader().read();
    expect(vitals.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(vitals.cpuPercent).toBeLessThanOrEqual(100);
    expect(vitals.memory.usedBytes).toBeGreaterThan(0);
    expect(vitals.memory.usedBytes).toBeLessThan(vitals.memory.totalBytes);
    expect(vitals.load).toHaveLength(3);
    expect(Date.parse(vitals.time)).toBeGreaterThan(0);
    expect(vitals.host).not.toBe('');
  });

  it('count all interfaces but loopback', () => {
    const text = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
      '    lo: 5000 10 0 0 0 0 0 0 5000 10 0 0 0 0 0 0',
      '  eth0: 100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0',
      ' wlan0:7 1 0 0 0 0 0 0 9 2 0 0 0 0 0 0',
    ].join('\n');
    expect(parseNetDev(text)).toEqual({ received: 107, sent: 209 });
    expect(parseNetDev('')).toEqual({ received: 0, sent: 0 });
  });

  it('take the memory that programs could have for free', () => {
    expect(parseAvailableBytes('MemTotal: 9 kB\nMemAvailable:     1234 kB\n')).toBe(1234 * 1024);
    expect(parseAvailableBytes('')).toBeNull();
  });
});
