import { SluiceError } from '@sluice/contracts';
import { parsePullHeader, type EntryId } from '@sluice/wire';
import { wireToSluice } from './checks.js';
import { type Rest } from './rest.js';
import { type Entry } from './types.js';

/** Which stream, in the words of the redis-streamer dialect. */
export interface StreamerOptions {
  /** Device; default `default`. */
  readonly device?: string | undefined;
  /** Put before the stream's name. */
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What to read, in the words of the redis-streamer dialect. */
export interface StreamerReadOptions extends StreamerOptions {
  /** Read after this: an id, `$` (default of the server), `-`, `0`. */
  readonly lastEntryId?: string | undefined;
  /** Newest first. */
  readonly latest?: boolean | undefined;
  readonly count?: number | undefined;
  /** Milliseconds to wait when there is nothing. */
  readonly block?: number | undefined;
}

/** An answer of the redis-streamer dialect. */
export interface StreamerPage {
  readonly entries: readonly Entry[];
  /** Read after this next. */
  readonly lastEntryId: EntryId;
}

/** REST of the redis-streamer dialect (`/data/{stream}`), for programs that cannot keep a socket open. */
export class StreamerRest {
  /** @internal made by `Sluice` */
  constructor(private readonly rest: Rest) {}

  /**
   * Stores payloads in one request and returns their ids in order.
   * @throws SluiceError
   */
  async post(sid: string, payloads: readonly Uint8Array[], options: StreamerOptions = {}): Promise<readonly EntryId[]> {
    const body = new FormData();
    for (const payload of payloads) body.append('entries', new Blob([payload as Uint8Array<ArrayBuffer>]), 'entry');
    const query = { device_id: options.device, prefix: options.prefix };
    return this.rest.json(path(sid), { method: 'POST', query, body, signal: options.signal });
  }

  /**
   * Reads entries after a position, waiting a little for the first.
   * @throws SluiceError
   */
  async get(sid: string, options: StreamerReadOptions = {}): Promise<StreamerPage> {
    const query = {
      device_id: options.device,
      prefix: options.prefix,
      last_entry_id: options.lastEntryId,
      latest: options.latest,
      count: options.count,
      block: options.block,
    };
    const response = await this.rest.request(path(sid), { query, signal: options.signal });
    const lastEntryId = response.headers.get('x-last-entry-id');
    const offsets = response.headers.get('x-offsets');
    if (lastEntryId === null || offsets === null) {
      throw new SluiceError('INTERNAL', `the answer for ${sid} lacks x-last-entry-id or x-offsets: is this a Sluice?`);
    }
    const data = new Uint8Array(await response.arrayBuffer());
    const slices = wireToSluice(() => parsePullHeader(offsets, data.length));
    const entries = slices.map(({ sid: stream, id, start, end }) => ({
      stream,
      id,
      payload: data.subarray(start, end),
    }));
    return { entries, lastEntryId };
  }
}

function path(sid: string): string {
  return `/data/${encodeURIComponent(sid)}`;
}
