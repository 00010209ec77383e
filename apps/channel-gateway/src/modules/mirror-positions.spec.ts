import { describe, expect, it } from '@jest/globals';
import { MirrorPositions } from './mirror-positions.js';

const URL = 'http://127.0.0.1:8000';

/** What the module keeps over its runs. */
class Kept {
  readonly kept = new Map<string, string>();

  readonly keep = (name: string, value: string | null): void => {
    if (value === null) this.kept.delete(name);
    else this.kept.set(name, value);
  };

  start(url = URL): { readonly positions: MirrorPositions; readonly since: Record<string, string> } {
    const positions = new MirrorPositions(this);
    return { positions, since: positions.start(url, ['one', 'sides']) };
  }
}

describe('positions of mirrored channels', () => {
  it('are those where the gateway began, until something ticks', () => {
    const run = new Kept();
    const { positions, since } = run.start();
    expect(since).toEqual({});
    positions.reach('one', '6-0', true);
    positions.begin({ one: '5-0', sides: '5-0' });
    expect(run.start().since).toEqual({ one: '6-0', sides: '5-0' });
  });

  it('within an entry of a basket leave out what has ticked of it', () => {
    const run = new Kept();
    const first = run.start().positions;
    first.begin({ sides: '5-0' });
    first.reach('sides', '6-0', false);
    first.reach('sides', '7-0', false);
    first.reach('sides', '7-0', false);
    const { positions, since } = run.start();
    expect(since).toEqual({ sides: '6-0' });
    const came = ['7-0', '7-0', '7-0', '8-0'].map((seq) => {
      const isRepeated = positions.isRepeated('sides', seq);
      if (!isRepeated) positions.reach('sides', seq, false);
      return isRepeated;
    });
    expect(came).toEqual([true, true, false, false]);
    expect(run.start().since).toEqual({ sides: '7-0' });
  });

  it('leave out nothing when the entry is gone', () => {
    const run = new Kept();
    run.start().positions.reach('sides', '7-0', false);
    expect(run.start().positions.isRepeated('sides', '9-0')).toBe(false);
  });

  it('of another gateway do not count', () => {
    const run = new Kept();
    run.start().positions.begin({ one: '5-0' });
    expect(run.start('http://127.0.0.1:9000').since).toEqual({});
  });
});
