import { describe, expect, it } from '@jest/globals';
import { AdmissionPending } from './admission-pending.js';
import { FrameGate, SharedIntake } from './frame-gate.js';

class Taker {
  readonly taken: string[] = [];
  readonly allowed = new Set<string>();
  failure: unknown = null;
  isClosed = false;
  readonly asked = new Map<string, PromiseWithResolvers<void>>();

  onFrame(data: Buffer): void {
    const name = data.toString();
    if (!this.allowed.has(name)) {
      const answer = Promise.withResolvers<void>();
      this.asked.set(name, answer);
      throw new AdmissionPending(answer.promise);
    }
    this.taken.push(name);
  }

  fail(error: unknown): void {
    this.failure = error;
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }

  async allow(name: string): Promise<void> {
    this.allowed.add(name);
    this.asked.get(name)?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function gateOf(taker: Taker): { gate: FrameGate; intake: { isPaused: boolean } } {
  const intake = { isPaused: false, pause: () => (intake.isPaused = true), resume: () => (intake.isPaused = false) };
  return { gate: new FrameGate(taker, intake), intake };
}

describe('a gate before a push socket', () => {
  it('keeps the order of the frames behind a stream that is being asked about, and reads no more until it is', async () => {
    const taker = new Taker();
    taker.allowed.add('a');
    const { gate, intake } = gateOf(taker);
    for (const name of ['a', 'b', 'a', 'c', 'a']) gate.onFrame(Buffer.from(name), true);
    expect(taker.taken).toEqual(['a']);
    expect(intake.isPaused).toBe(true);
    await taker.allow('b');
    expect(taker.taken).toEqual(['a', 'b', 'a']);
    expect(intake.isPaused).toBe(true);
    await taker.allow('c');
    expect(taker.taken).toEqual(['a', 'b', 'a', 'c', 'a']);
    expect(intake.isPaused).toBe(false);
  });

  it('ends the socket with the refusal and takes nothing that stood behind it', async () => {
    const taker = new Taker();
    const { gate } = gateOf(taker);
    gate.onFrame(Buffer.from('x'), true);
    gate.onFrame(Buffer.from('y'), true);
    taker.asked.get('x')?.reject(new Error('used up'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(taker.failure).toEqual(new Error('used up'));
    expect(taker.taken).toEqual([]);
  });

  it('takes what a client sent before it went', async () => {
    const taker = new Taker();
    const { gate } = gateOf(taker);
    gate.onFrame(Buffer.from('x'), true);
    const closed = gate.close();
    expect(taker.isClosed).toBe(false);
    await taker.allow('x');
    await closed;
    expect(taker.taken).toEqual(['x']);
    expect(taker.isClosed).toBe(true);
  });
});

describe('a socket that several parts may pause', () => {
  it('is read again only when none of them wants it paused', () => {
    const calls: string[] = [];
    const shared = new SharedIntake({ pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    shared.pause();
    shared.pause();
    shared.resume();
    expect(calls).toEqual(['pause']);
    shared.resume();
    expect(calls).toEqual(['pause', 'resume']);
  });
});
