import {
  type GroupInfo,
  type Retention,
  type StreamInfo,
  type StreamList,
  type StreamRetention,
} from '@sluice/contracts';
import { type EntryId, type Position } from '@sluice/wire';
import { streamPath, type Rest } from './rest.js';

/** Which streams to list. */
export interface StreamFilter {
  /** Glob over whole names. */
  readonly match?: string;
  /** What names begin with. */
  readonly prefix?: string;
}

const PAGE_STREAMS = 500;

/** Streams as objects: what there is, how long it stays, who shares it. */
export class StreamsApi {
  /** @internal made by `Sluice` */
  constructor(private readonly rest: Rest) {}

  /** All streams that fit, with their length, rate and retention; pages are fetched as the loop goes on. */
  async *list(filter: StreamFilter = {}): AsyncGenerator<StreamInfo, void, undefined> {
    let cursor: string | null = null;
    do {
      const query = { match: filter.match, prefix: filter.prefix, limit: PAGE_STREAMS, cursor: cursor ?? undefined };
      const page: StreamList = await this.rest.json<StreamList>('/v1/streams', { query });
      yield* page.streams;
      ({ cursor } = page);
    } while (cursor !== null);
  }

  /** @throws SluiceError `STREAM_NOT_FOUND` */
  info(name: string): Promise<StreamInfo> {
    return this.rest.json(streamPath(name));
  }

  /** Deletes a stream with its entries and groups. */
  async delete(name: string): Promise<void> {
    await this.rest.request(streamPath(name), { method: 'DELETE' });
  }

  /** How long entries of a stream stay. */
  retention(name: string): Promise<StreamRetention> {
    return this.rest.json(streamPath(name, '/retention'));
  }

  /** Sets how long entries of a stream stay; a bound left out or null does not hold. */
  setRetention(name: string, retention: Partial<Retention>): Promise<StreamRetention> {
    return this.rest.sendJson('PUT', streamPath(name, '/retention'), retention);
  }

  /** Goes back to the default policy. */
  async clearRetention(name: string): Promise<void> {
    await this.rest.request(streamPath(name, '/retention'), { method: 'DELETE' });
  }

  /** Consumer groups of a stream. */
  groups(name: string): Promise<readonly GroupInfo[]> {
    return this.rest.json(streamPath(name, '/groups'));
  }

  /** Makes a group that begins at a position. */
  async createGroup(name: string, group: string, from: Position = '$'): Promise<void> {
    await this.rest.sendJson('POST', streamPath(name, '/groups'), { group, from });
  }

  async deleteGroup(name: string, group: string): Promise<void> {
    await this.rest.request(streamPath(name, `/groups/${encodeURIComponent(group)}`), { method: 'DELETE' });
  }

  /** Says that entries are done, outside of a consumer; returns how many were pending. */
  async ack(name: string, group: string, ids: readonly EntryId[]): Promise<number> {
    const path = streamPath(name, `/groups/${encodeURIComponent(group)}/ack`);
    const { acknowledged } = await this.rest.sendJson<{ acknowledged: number }>('POST', path, { ids });
    return acknowledged;
  }
}
