import { describe, expect, it } from '@jest/globals';
import { type EntryId } from '@sluice/wire';
import { type Bounds } from '../bounds.js';
import { type ParsedEntries } from '../replies.js';
import { Cursor } from './cursor.js';

function bounds(ids: readonly EntryId[], entriesAdded = ids.length): Bounds {
  return {
    exists: ids.length > 0,
    length: ids.length,
    lastGeneratedId: ids.at(-1) ?? '0-0',
    entriesAdded,
    firstId: ids[0] ?? null,
    maxDeletedId: '0-0',
    sampleBytes: 1,
  };
}

function read(...ids: EntryId[]): ParsedEntries {
  const entries = ids.map((id) => ({ id, payload: new Uint8Array(1) }));
  return { entries, first: ids[0] ?? null, last: ids.at(-1) ?? null, count: ids.length, bytes: ids.length };
}

/** A cursor that has read 1-0 and 2-0. */
function atTwo(): Cursor {
  return new Cursor('k', '2-0', 2);
}

describe('a cursor whose stream was deleted', () => {
  it.each<[string, EntryId[], EntryId[]]>([
    ['the same entries', ['1-0', '2-0'], []],
    ['the same and more', ['1-0', '2-0', '3-0'], ['3-0']],
    ['higher ids only', ['7-0', '8-0', '9-0'], ['7-0', '8-0', '9-0']],
  ])('tells a reset when it comes back with %s, and goes on from its start', (_title, ids, behind) => {
    const cursor = atTwo();
    expect(cursor.takeChecked(bounds([]), read(), 10)).toMatchObject({ batch: null, readAgain: false });
    expect(cursor.isGone).toBe(true);
    expect(cursor.takeChecked(bounds(ids), read(...behind), 10)).toMatchObject({ batch: null, readAgain: true });
    const step = cursor.takeChecked(bounds(ids), read(...ids), 10);
    expect(step.reset).toEqual({ key: 'k', after: '2-0', next: ids[0] });
    expect([cursor.isGone, cursor.position]).toEqual([false, ids.at(-1)]);
  });

  it('tells one that came back unseen when its last id is lower, or the same with fewer entries', () => {
    expect(atTwo().takeChecked(bounds(['1-0']), read(), 10).readAgain).toBe(true);
    expect(atTwo().takeChecked(bounds(['2-0']), read(), 10).readAgain).toBe(true);
  });

  it('says nothing of one that is as it was, that was trimmed, or that was never there', () => {
    expect(atTwo().takeChecked(bounds(['1-0', '2-0']), read(), 10).readAgain).toBe(false);
    expect(atTwo().takeChecked(bounds(['2-0'], 2), read(), 10).readAgain).toBe(false);
    const fresh = new Cursor('k', '0-0', 0);
    fresh.takeChecked(bounds([]), read(), 10);
    expect(fresh.takeChecked(bounds(['1-0']), read('1-0'), 10)).toMatchObject({ reset: null, gap: null });
  });

  it('can undo a read that nobody took', () => {
    const cursor = atTwo();
    const undo = cursor.mark();
    cursor.takeChecked(bounds([]), read(), 10);
    undo();
    expect(cursor.isGone).toBe(false);
  });
});
