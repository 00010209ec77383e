import { describe, expect, it } from '@jest/globals';
import { Turnstile } from './turnstile.js';

/** Work that ends when it is told to. */
class Works {
  readonly begun: string[] = [];
  private readonly ends = new Map<string, () => void>();

  constructor(private readonly turns: Turnstile) {}

  async ask(caller: string, name: string): Promise<void> {
    await this.turns.pass(() => {
      this.begun.push(name);
      return new Promise<void>((resolve) => this.ends.set(name, resolve));
    }, caller);
  }

  async end(name: string): Promise<void> {
    this.ends.get(name)?.();
    await settled();
  }
}

/** Longer than a chain of promises is. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Turnstile', () => {
  it('gives one caller no more than its share, however much it asks for, and others the rest at once', async () => {
    const works = new Works(new Turnstile(2, 10, { most: 1, mostWaiting: 3 }));
    for (const name of ['a1', 'a2', 'a3']) void works.ask('a', name);
    void works.ask('b', 'b1');
    await settled();
    expect(works.begun).toEqual(['a1', 'b1']);
    await works.end('b1');
    expect(works.begun).toEqual(['a1', 'b1']);
    await works.end('a1');
    expect(works.begun).toEqual(['a1', 'b1', 'a2']);
  });

  it('lets callers in by turns, each in its own order', async () => {
    const works = new Works(new Turnstile(1, 10, { most: 1, mostWaiting: 3 }));
    for (const name of ['a1', 'a2', 'a3']) void works.ask('a', name);
    for (const name of ['b1', 'b2', 'c1']) void works.ask(name[0] as string, name);
    const order = ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'];
    for (const [at, name] of order.entries()) {
      await settled();
      expect(works.begun[at]).toBe(name);
      await works.end(name);
    }
    expect(works.begun).toEqual(order);
  });

  it('refuses what a caller asks for beyond its queue, and not what another one asks for', async () => {
    const works = new Works(new Turnstile(1, 3, { most: 1, mostWaiting: 2 }));
    for (const name of ['a1', 'a2', 'a3']) void works.ask('a', name);
    const message = '2 queries of this caller wait already, as many as may';
    await expect(works.ask('a', 'a4')).rejects.toMatchObject({ code: 'RATE_LIMITED', message });
    void works.ask('b', 'b1');
    await expect(works.ask('c', 'c1')).rejects.toMatchObject({ message: '3 queries wait already, as many as may' });
    await works.end('a1');
    expect(works.begun).toEqual(['a1', 'b1']);
  });

  it('without shares lets one caller have everything', async () => {
    const works = new Works(new Turnstile(2, 1));
    for (const name of ['1', '2', '3']) void works.ask('', name);
    await expect(works.ask('', '4')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await works.end('2');
    expect(works.begun).toEqual(['1', '2', '3']);
  });

  it('goes on after work that fails', async () => {
    const turns = new Turnstile(1, 1, { most: 1, mostWaiting: 1 });
    const failing = turns.pass(() => Promise.reject(new Error('broken')), 'a');
    const next = turns.pass(() => Promise.resolve('fine'), 'a');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('fine');
  });
});
