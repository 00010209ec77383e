import { EVENT_STREAMS } from '@sluice/catalog';
import { SluiceError } from '@sluice/contracts';
import { parseEntryId, type EntryId } from '@sluice/wire';
import { type EntryEvent, type FeedStart } from '../follow/entry-feed.js';

/** How far a reader is in the event streams of devices, as one text: an id of each, with a comma between. */
export class EventPositions {
  private readonly ids: Map<string, EntryId>;

  constructor(starts: readonly FeedStart[]) {
    this.ids = new Map(starts.map(({ key, after }) => [key, after]));
  }

  note({ key, entries }: EntryEvent): void {
    const last = entries.at(-1);
    if (last !== undefined) this.ids.set(key, last.id);
  }

  toString(): string {
    return EVENT_STREAMS.map((key) => this.ids.get(key)).join(',');
  }
}

/** The starts that such a text stands for. @throws SluiceError INVALID_ID */
export function readPositions(since: string): FeedStart[] {
  const ids = since.split(',').map(parseEntryId);
  return EVENT_STREAMS.map((key, at) => {
    const after = ids.length === EVENT_STREAMS.length ? (ids[at] ?? null) : null;
    if (after !== null) return { key, after };
    throw new SluiceError('INVALID_ID', `since ${JSON.stringify(since.slice(0, 100))} is not the position of an event`);
  });
}
