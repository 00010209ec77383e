import {
  type GroupInfo,
  type Retention,
  type StreamInfo,
  type StreamList,
  type StreamRetention,
} from '@sluice/contracts';
import { DEFAULT_DEVICE, type EntryId, type Position } from '@sluice/wire';
import { checkedName } from './checks.js';
import { type EventOptions } from './registry/events.js';
import { readEvents, type Events } from './registry/typed-events.js';
import { type JsonObject } from './registry/operation.js';
import {
  FOLLOW_STREAMS,
  GET_STREAM,
  SEARCH_STREAMS,
  UPDATE_STREAM_META,
  type MetaFilter,
  type StreamDetails,
} from './registry/operations.js';
import { type Registry } from './registry/registry.js';
import { streamPath, type Rest } from './rest.js';

/** Which streams to list. */
export interface StreamFilter {
  /** Glob over whole names. */
  readonly match?: string;
  /** What names begin with. */
  readonly prefix?: string;
}

/** Which streams to search. */
export interface StreamSearch extends StreamFilter {
  /** What must be in the metadata; all of it. */
  readonly where?: readonly MetaFilter[];
}

/** How to set metadata. */
export interface MetaChange {
  /** Merge into what is there, instead of replacing it. */
  readonly merges?: boolean;
  /** Refuse when the metadata has another revision by now. */
  readonly expectedRevision?: string;
}

/** What becomes of a stream. `missed`: some events may have been lost, look at the whole again. */
export type StreamEvent =
  { readonly type: 'created' | 'deleted'; readonly stream: string } | { readonly type: 'missed' };

const PAGE_STREAMS = 500;

/** Without a device, a stream is of the default one. */
function fullName(name: string): string {
  checkedName(name);
  return name.includes(':') ? name : `${DEFAULT_DEVICE}:${name}`;
}

/** Streams as objects: what there is, how long it stays, who shares it. */
export class StreamsApi {
  /** @internal made by `Sluice` */
  constructor(
    private readonly rest: Rest,
    private readonly registry: Registry,
  ) {}

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

  /** What the registry knows of a stream, metadata included, whether it exists (`error` is empty then) or not. */
  async details(name: string): Promise<StreamDetails> {
    const { stream } = await this.registry.ask(GET_STREAM, { id: fullName(name) });
    return stream;
  }

  /** Details of all streams that fit, also by what is in their metadata; pages are fetched as the loop goes on. */
  async *search({ match, prefix = '', where }: StreamSearch): AsyncGenerator<StreamDetails, void, undefined> {
    let after: string | null = null;
    do {
      const page: { cursor: string | null; nodes: readonly StreamDetails[] } = (
        await this.registry.ask(SEARCH_STREAMS, { first: PAGE_STREAMS, after, match, prefix, where })
      ).streamPage;
      yield* page.nodes;
      after = page.cursor;
    } while (after !== null);
  }

  /** Sets the metadata of a stream, which need not exist. @throws SluiceError `REVISION_CONFLICT` */
  async setMeta(name: string, meta: JsonObject, { merges = false, expectedRevision }: MetaChange = {}): Promise<void> {
    const key = fullName(name);
    const at = key.indexOf(':');
    const names = { deviceId: key.slice(0, at), streamId: key.slice(at + 1) };
    await this.registry.ask(UPDATE_STREAM_META, { ...names, meta, update: merges, expectedRevision });
  }

  /** Streams that appear and go from now on. */
  events({ match, prefix = '', signal }: StreamFilter & EventOptions = {}): Events<StreamEvent> {
    const source = this.registry.events(FOLLOW_STREAMS, { match, prefix }, { signal });
    return readEvents(source, ({ streamEvents: { type, streamId } }): StreamEvent[] => [
      { type: type === 'deleted' ? 'deleted' : 'created', stream: streamId },
    ]);
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
