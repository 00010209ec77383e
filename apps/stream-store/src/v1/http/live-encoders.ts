import { type SluiceError } from '@sluice/contracts';
import { type GapNotice, type LogEntry, type ResetNotice } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { payloadView, type PayloadFormat } from './entry-views.js';
import { V1_FRAMES_TYPE, encodeEntries } from './frames.js';
import { type LiveEncoder } from './live-response.js';

const MAX_EVENT_ID_CHARS = 8192;
const NOTHING = new Uint8Array(0);

/** Server-sent events: one event an entry, notices as events of their own, a comment as heartbeat. */
export class EventEncoder implements LiveEncoder {
  readonly contentType = 'text/event-stream; charset=utf-8';
  readonly heartbeat = Buffer.from(':\n\n');
  private readonly positions: Map<string, EntryId>;

  /**
   * @param isSingle the response follows one named stream: event ids are entry ids
   * @param starts where each stream begins, so that one of which nothing came goes on from there too
   */
  constructor(
    private readonly format: PayloadFormat,
    private readonly isSingle: boolean,
    starts: ReadonlyMap<string, EntryId>,
  ) {
    this.positions = new Map(starts);
  }

  /** An id and nothing else: who reconnects before the first event goes on from where this response begins. */
  opening(): Uint8Array {
    const id = this.isSingle ? ([...this.positions.values()][0] ?? '') : this.positionsText();
    return Buffer.from(id === '' ? ':\n\n' : `:\nid: ${id}\n\n`);
  }

  entries(key: string, entries: readonly LogEntry[]): Uint8Array {
    let text = '';
    for (const { id, payload } of entries) {
      const view = { ...(this.isSingle ? {} : { stream: key }), id, ...payloadView(payload, this.format) };
      text += `${this.eventId(key, id)}event: entry\ndata: ${JSON.stringify(view)}\n\n`;
    }
    return Buffer.from(text);
  }

  gap({ key, after, next, lost }: GapNotice): Uint8Array {
    return event('gap', { sid: key, after, next, lost });
  }

  reset({ key, after, next }: ResetNotice): Uint8Array {
    return event('reset', { sid: key, after, next });
  }

  error({ code, message }: SluiceError): Uint8Array {
    return event('error', { code, message });
  }

  /** What `Last-Event-ID` must say to go on from here: the entry id, or the positions of all streams as `name=id&…`. */
  private eventId(key: string, id: EntryId): string {
    if (this.isSingle) return `id: ${id}\n`;
    this.positions.set(key, id);
    const text = this.positionsText();
    return text === '' ? '' : `id: ${text}\n`;
  }

  /** Empty when the positions are too many for an id. */
  private positionsText(): string {
    const text = new URLSearchParams([...this.positions]).toString();
    return text.length > MAX_EVENT_ID_CHARS ? '' : text;
  }
}

/** Length-prefixed `sluice.v1` data frames; notices have no place in them. */
export class FrameEncoder implements LiveEncoder {
  readonly contentType = V1_FRAMES_TYPE;
  readonly heartbeat = NOTHING;

  opening(): Uint8Array {
    return NOTHING;
  }

  entries(key: string, entries: readonly LogEntry[]): Uint8Array {
    return encodeEntries(key, entries);
  }

  gap(): Uint8Array {
    return NOTHING;
  }

  reset(): Uint8Array {
    return NOTHING;
  }

  error(): Uint8Array {
    return NOTHING;
  }
}

/** Positions in a `Last-Event-ID` of several streams. */
export function parsePositions(lastEventId: string): Map<string, EntryId> {
  return new Map(new URLSearchParams(lastEventId));
}

function event(name: string, data: unknown): Uint8Array {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}
