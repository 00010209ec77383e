import { describe, expect, test } from '@jest/globals';
import { FairQueue, type FairQueueOptions } from './fair-queue.js';

const LIMITS: FairQueueOptions = { slots: 2, maxWaitingPerClient: 3, maxBytesPerClient: 100, maxBytes: 200 };

/** A queue whose jobs end when the test says so. */
class Jobs {
  readonly started: string[] = [];
  readonly done: Promise<void>[] = [];
  private readonly ends = new Map<string, () => void>();

  constructor(readonly queue = new FairQueue(LIMITS)) {}

  add(name: string, bytes = 1): void {
    const work = (): Promise<void> => {
      this.started.push(name);
      return new Promise((resolve) => this.ends.set(name, resolve));
    };
    this.done.push(this.queue.run(name[0] ?? '', bytes, work));
  }

  async end(name: string): Promise<void> {
    this.ends.get(name)?.();
    // What follows the end of a job runs in microtasks.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a fair queue', () => {
  test('lets no client take the last slot, so that another starts at once', () => {
    const jobs = new Jobs();
    for (const name of ['a1', 'a2', 'a3', 'b1']) jobs.add(name);
    expect(jobs.started).toEqual(['a1', 'b1']);
  });

  test('gives clients turns, however much one came with', async () => {
    const jobs = new Jobs();
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) jobs.add(name);
    await jobs.end('a1');
    expect(jobs.started).toEqual(['a1', 'b1', 'a2']);
    await jobs.end('a2');
    expect(jobs.started.at(-1)).toBe('c1');
    await jobs.end('b1');
    expect(jobs.started.at(-1)).toBe('b2');
  });

  test('refuses what passes a client’s bound, and takes what is just within it', () => {
    const jobs = new Jobs();
    for (const name of ['a1', 'a2', 'a3', 'a4']) jobs.add(name);
    expect(() => jobs.add('a5')).toThrow('3 conversions of this client wait already');
    jobs.add('b1');
    expect(jobs.started).toEqual(['a1', 'b1']);
  });

  test('bounds the bytes of a client and of all, but never refuses one job for its size', () => {
    const jobs = new Jobs();
    jobs.add('a1', 150);
    expect(() => jobs.add('a2', 1)).toThrow('hold 150 of 100 bytes');
    jobs.add('b1', 50);
    expect(() => jobs.add('c1', 1)).toThrow('hold 200 of 200 bytes');
  });

  test('forgets clients that have no jobs, also those whose jobs fail', async () => {
    const queue = new FairQueue(LIMITS);
    await expect(queue.run('a', 1, () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
    await expect(queue.run('b', 1, () => Promise.resolve('good'))).resolves.toBe('good');
    expect(queue.clients).toBe(0);
  });
});
