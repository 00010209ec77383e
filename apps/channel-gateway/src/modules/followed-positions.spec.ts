import { describe, expect, it } from '@jest/globals';
import { FollowedPositions, type Origin, type PullStart } from './followed-positions.js';

const URL = 'http://127.0.0.1:8000';

/** What a module keeps over its runs. */
class Kept {
  readonly kept = new Map<string, string>();

  readonly keep = (name: string, value: string | null): void => {
    if (value === null) this.kept.delete(name);
    else this.kept.set(name, value);
  };

  start(origin: Partial<Origin>): PullStart {
    return new FollowedPositions(this).start({ url: URL, streams: 'a:x', from: '$', ...origin });
  }
}

describe('positions of followed streams', () => {
  it('begin where it was asked the first time, and where they were afterwards', () => {
    const run = new Kept();
    expect(run.start({}).target.streams).toEqual({ 'a:x': '$' });
    new FollowedPositions(run).begin({ 'a:x': '5-0' });
    expect(run.start({}).target.streams).toEqual({ 'a:x': '5-0' });
    new FollowedPositions(run).reach('a:x', '7-0/3');
    expect(run.start({}).target.streams).toEqual({ 'a:x': '7-0/3' });
  });

  it('are those of the names as the server has them', () => {
    const run = new Kept();
    run.start({ streams: ['log'] });
    new FollowedPositions(run).reach('default:log', '9-0');
    expect(run.start({ streams: ['log', 'new'] }).target.streams).toEqual({ 'default:log': '9-0', 'default:new': '$' });
    expect(run.start({ streams: ['new'] }).target.streams).toEqual({ 'default:new': '$' });
  });

  it('of patterns go on for every stream that was found; others are wanted from their first entry', () => {
    const run = new Kept();
    const streams = { patterns: ['a:*'] };
    expect(run.start({ streams })).toEqual({ target: { streams: {}, patterns: ['a:*'] }, from: '$' });
    new FollowedPositions(run).begin({ 'a:x': '5-0', 'a:y': '0-0' });
    const again = run.start({ streams });
    expect(again).toEqual({ target: { streams: { 'a:x': '5-0', 'a:y': '0-0' }, patterns: ['a:*'] }, from: '-' });
  });

  it.each<[string, Partial<Origin>]>([
    ['another address', { url: 'http://127.0.0.1:9000' }],
    ['another beginning', { from: '-' }],
    ['other patterns', { streams: { streams: ['a:x'], patterns: ['b:*'] } }],
  ])('begin anew with %s', (_what, changed) => {
    const run = new Kept();
    run.start({});
    new FollowedPositions(run).reach('a:x', '9-0');
    expect(run.start(changed).target.streams).toEqual({ 'a:x': changed.from ?? '$' });
    expect([...run.kept.keys()]).toEqual(['origin']);
  });
});
