import { describe, expect, it } from '@jest/globals';
import { type Identity } from '@sluice/service-kit';
import { AdmissionPending } from './admission-pending.js';
import { Writing } from './writing.js';

const ADA: Identity = {
  subject: 'ada',
  kind: 'token',
  credentialId: null,
  expiresAtMs: null,
  account: 'ada',
  scopes: [],
  allows: () => true,
};

/** Remembers nothing of what it allowed, as one that has forgotten it again by the time the frame comes back. */
class ForgetfulQuotas {
  readonly asked: string[][] = [];
  readonly epoch = 0;

  isAdmitted(key: string): boolean {
    return key === 'known';
  }

  admit(_identity: Identity, keys: Iterable<string>): Promise<void> {
    this.asked.push([...keys]);
    return Promise.resolve();
  }

  take(): void {
    // What is pushed is counted elsewhere.
  }
}

/** What a push socket does with each frame, and does again when it was held back. */
function offer(writing: Writing, keys: readonly string[]): 'held' | 'taken' {
  try {
    for (const key of keys) writing.nameStream(key);
    writing.assertAdmitted();
    return 'taken';
  } catch (error) {
    if (error instanceof AdmissionPending) return 'held';
    throw error;
  }
}

describe('what a frame writes to', () => {
  it('is asked about in one go, however many streams it names', () => {
    const quotas = new ForgetfulQuotas();
    const writing = new Writing({ isCluster: false }, quotas, ADA);
    const names = Array.from({ length: 5000 }, (_, at) => `s${at}`);
    expect(offer(writing, ['known', ...names])).toBe('held');
    expect(quotas.asked).toEqual([names]);
  });

  it('is asked about once: the frame goes on when the answer is there, and the next one asks again', () => {
    const quotas = new ForgetfulQuotas();
    const writing = new Writing({ isCluster: false }, quotas, ADA);
    expect(offer(writing, ['a', 'b'])).toBe('held');
    expect(offer(writing, ['a', 'b'])).toBe('taken');
    expect(offer(writing, ['b'])).toBe('held');
    expect(quotas.asked).toEqual([['a', 'b'], ['b']]);
  });

  it('asks nothing for streams that are known', () => {
    const quotas = new ForgetfulQuotas();
    expect(offer(new Writing({ isCluster: false }, quotas, ADA), ['known'])).toBe('taken');
    expect(quotas.asked).toEqual([]);
  });
});
