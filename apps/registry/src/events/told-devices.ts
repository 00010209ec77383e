import { parseDeviceEvent, type DeviceEvent } from '@sluice/catalog';
import { type EntryEvent, type FeedStart } from '../follow/entry-feed.js';
import { filterEvents, mapEvents, type EventStream } from '../graphql/event-stream.js';
import { EventPositions } from './event-positions.js';
import { DeviceEventType } from './event.types.js';

interface Told {
  readonly event: DeviceEvent | null;
  readonly hasMissed: boolean;
  readonly position: string;
}

/**
 * Entries of the event streams as the events of those devices that may be told. A loss is told with the next of these, whatever device
 * the entry after it is about: that one may not be the reader's to see.
 * @param starts where each event stream is read from
 */
export function toldDevices(
  entries: EventStream<EntryEvent>,
  starts: readonly FeedStart[],
  isTold: (device: string) => boolean,
): EventStream<DeviceEventType> {
  const positions = new EventPositions(starts);
  let hasMissed = false;
  const events = mapEvents<EntryEvent, Told>(entries, async (entry) => {
    hasMissed ||= entry.loss !== null;
    positions.note(entry);
    const position = positions.toString();
    const event = eventOf(entry);
    if (event === null || !isTold(event.device)) return { event: null, hasMissed, position };
    const told = { event, hasMissed, position };
    hasMissed = false;
    return told;
  });
  const told = filterEvents(events, ({ event }) => event !== null);
  return mapEvents(told, async ({ event, ...rest }) => new DeviceEventType(event as DeviceEvent, rest));
}

/** Null for an entry of another tool that tells nothing. */
function eventOf({ key, entries }: EntryEvent): DeviceEvent | null {
  const [entry] = entries;
  return entry === undefined ? null : parseDeviceEvent(key, entry.payload);
}
