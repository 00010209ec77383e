import { SluiceError } from '@sluice/contracts';
import { parseAddress } from '../address.js';
import { Rest, type Query } from '../rest.js';
import { readToken, type TokenSource } from '../token.js';
import { ChannelStream, type ChannelStreamOptions, type ChannelTarget } from './channel-stream.js';
import {
  type ChannelDefinition,
  type ChannelGroup,
  type ChannelRecords,
  type Chosen,
  type RecordOf,
  type Sent,
} from './channel-types.js';
import { type HistoryOptions, momentText, type SqlArrow, type SqlOptions, type SqlResult, sqlBody } from './past.js';
import { type StageRequest, Staging } from './staging.js';
import { type StateQuery } from './state-query.js';

export interface ChannelsClientOptions {
  /** Address of the Sluice, or of its channel gateway: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Token, API key, or a key of the application's own; or a function that gives the one of now. */
  readonly token?: TokenSource | undefined;
}

export interface NextOptions {
  /** One key of a basket. */
  readonly key?: string;
  /** Id of a record: the tick after the one that has it, also when that was before now. */
  readonly after?: string;
  /** Gives up after so long, with an empty list. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What a request has beside its address. */
interface Asked {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Statuses that are an answer too. */
  readonly accept?: readonly number[];
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

const API = '/api/v1';

/**
 * A client of the channels of one gateway. With the types of its records, names and records are checked by the compiler:
 * `new ChannelsClient<{ example: Example }>({ url })`.
 */
export class ChannelsClient<C extends ChannelRecords = Record<string, Record<string, unknown>>> {
  private readonly rest: Rest;
  private readonly streamUrl: string;
  private readonly token: TokenSource | undefined;

  /** @throws SluiceError `INVALID_PARAMETER` for an address that is none */
  constructor({ url, token }: ChannelsClientOptions) {
    const { httpBase } = parseAddress(url);
    // Tokens go into a header of their own: keys of an application are known there, and not as bearers.
    this.rest = new Rest(httpBase, undefined);
    this.streamUrl = `${httpBase.replace(/^http/, 'ws')}${API}/stream`;
    this.token = token;
  }

  /** Names of what is served in a group of routes; keys of baskets as `basket/key`. */
  names(group: ChannelGroup): Promise<readonly string[]> {
    return this.get(`/${group}${group === 'stream' || group === 'field' ? '' : '/'}`);
  }

  /** The last tick; of a basket the last records of all its keys, or of one. Empty when nothing has ticked. */
  last<N extends keyof C & string>(channel: N, key?: string): Promise<readonly RecordOf<C, N>[]> {
    return this.get(pathOf('last', channel, key));
  }

  /** Waits for the next tick. Empty when the gateway stops or the time is over. */
  next<N extends keyof C & string>(channel: N, options: NextOptions = {}): Promise<readonly RecordOf<C, N>[]> {
    const { key, after, timeoutMs, signal } = options;
    const timeout = timeoutMs === undefined ? undefined : timeoutMs / 1000;
    return this.get(pathOf('next', channel, key), { after, timeout }, signal);
  }

  /** The record of the channel's type with this id; null when there is none. */
  async lookup<N extends keyof C & string>(channel: N, id: string): Promise<RecordOf<C, N> | null> {
    const [found] = await this.get<readonly RecordOf<C, N>[]>(pathOf('lookup', channel, id));
    return found ?? null;
  }

  /** The record with this id, of any channel's type; null when there is none. */
  async lookupAny(id: string): Promise<RecordOf<C, keyof C> | null> {
    const response = await this.ask('GET', pathOf('lookup', 'id', id), {}, { accept: [404] });
    if (response.status === 404) return null;
    const [found] = (await response.json()) as readonly RecordOf<C, keyof C>[];
    return found ?? null;
  }

  /**
   * Ticks one record, or several one after the other (on a channel of lists: as one list). Resolves with the records as they ticked.
   * @throws SluiceError `INVALID_PARAMETER` for a record that the channel refuses; `OUTCOME_UNKNOWN` when no answer came
   */
  send<N extends keyof C & string>(
    channel: N,
    records: Sent<C, N> | readonly Sent<C, N>[],
    key?: string,
  ): Promise<readonly RecordOf<C, N>[]> {
    return this.json('POST', pathOf('send', channel, key), {}, records);
  }

  /** Ticks several keys of a basket at one time. */
  sendBasket<N extends keyof C & string>(
    basket: N,
    records: Readonly<Record<string, Sent<C, N> | readonly Sent<C, N>[]>>,
  ): Promise<readonly RecordOf<C, N>[]> {
    return this.json('POST', pathOf('send', basket), {}, records);
  }

  /**
   * The newest records by key, those of them that a query chooses, with the fields that it chooses. The name is that of the state, which is
   * mostly its channel's.
   * @throws SluiceError `INVALID_PARAMETER` for attributes that there are not
   */
  state<N extends keyof C & string, Field extends string | null = null>(
    state: N,
    query?: StateQuery<Field>,
  ): Promise<readonly Chosen<RecordOf<C, N>, Field>[]> {
    return this.get(pathOf('state', state), query?.parameters ?? {});
  }

  /**
   * What the log still holds of a channel, oldest first, page by page as it is taken.
   * @throws SluiceError `INVALID_PARAMETER` for times that are none
   */
  async *history<N extends keyof C & string>(
    channel: N,
    { key, start, end, pageSize, signal }: HistoryOptions = {},
  ): AsyncGenerator<RecordOf<C, N>, undefined> {
    const asked = { start: momentText(start), end: momentText(end), limit: pageSize };
    let after: string | undefined;
    do {
      const response = await this.ask('GET', pathOf('history', channel, key), { ...asked, after }, { signal });
      yield* (await response.json()) as readonly RecordOf<C, N>[];
      after = response.headers.get('x-next-after') ?? undefined;
    } while (after !== undefined);
  }

  /**
   * Asks states (`state.<name>`) and the log (`history.<channel>`) with one SELECT.
   * @throws SluiceError `INVALID_PARAMETER` for what fails or takes too long, `RATE_LIMITED` when too much of the caller's waits already
   */
  async sql<Row extends object = Record<string, unknown>>(
    text: string,
    options: SqlOptions = {},
  ): Promise<SqlResult<Row>> {
    const { signal } = options;
    const response = await this.ask('POST', '/sql', {}, { body: sqlBody(text, options), signal });
    return (await response.json()) as SqlResult<Row>;
  }

  /** As {@link sql}, as an Arrow IPC stream, which keeps the types of columns. @throws SluiceError as {@link sql} */
  async sqlArrow(text: string, options: SqlOptions = {}): Promise<SqlArrow> {
    const { signal } = options;
    const response = await this.ask(
      'POST',
      '/sql',
      {},
      { body: { ...sqlBody(text, options), format: 'arrow' }, signal },
    );
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { bytes, truncated: response.headers.get('x-truncated') === 'true' };
  }

  /** Records that are collected in front of a channel. */
  staging<N extends keyof C & string>(channel: N): Staging<RecordOf<C, N>> {
    const request: StageRequest = (method, query, body) => this.json(method, pathOf('stage', channel), query, body);
    return new Staging(request);
  }

  /** Value of a static field. */
  field<Value = unknown>(name: string): Promise<Value> {
    return this.get(pathOf('field', name));
  }

  /** Follows channels, or keys of baskets. @throws SluiceError `INVALID_PARAMETER` for none */
  stream<N extends keyof C & string>(
    channels: N | readonly (N | ChannelTarget<N>)[],
    options: ChannelStreamOptions = {},
  ): ChannelStream<N, RecordOf<C, N>> {
    const list = typeof channels === 'string' ? [channels] : channels;
    if (list.length === 0) throw new SluiceError('INVALID_PARAMETER', 'a stream follows one channel at the least');
    const targets = list.map((one): ChannelTarget<N> => (typeof one === 'string' ? { channel: one } : one));
    const address = { url: this.streamUrl, token: this.token, check: () => this.names('stream') };
    return new ChannelStream(address, targets, options);
  }

  /** Channels that are declared at run time. */
  declared(): Promise<readonly ChannelDefinition[]> {
    return this.get('/channels');
  }

  /**
   * Declares a channel, for whoever has the right `admin`; declaring the same again changes nothing.
   * @throws SluiceError `INVALID_PARAMETER` for a definition that is none, `NAME_TAKEN` when there is another of its name
   */
  declare(definition: ChannelDefinition): Promise<ChannelDefinition> {
    return this.json('POST', '/channels', {}, definition);
  }

  /** Removes a channel that was declared, and all it holds. @throws SluiceError `NOT_FOUND` */
  async undeclare(name: string): Promise<void> {
    await this.ask('DELETE', pathOf('channels', name), {});
  }

  private get<Body>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Body> {
    return this.json('GET', path, query, undefined, signal);
  }

  private async json<Body>(
    method: Method,
    path: string,
    query: Query,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Body> {
    const response = await this.ask(method, path, query, { body, signal });
    return (await response.json()) as Body;
  }

  private async ask(method: Method, path: string, query: Query, asked: Asked = {}): Promise<Response> {
    const { body, signal, accept } = asked;
    const token = await readToken(this.token);
    return this.rest.request(API + path, {
      method,
      query,
      headers: {
        ...(token === undefined ? {} : { token }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      accept,
    });
  }
}

/** Keys and ids may have slashes. */
function pathOf(group: string, name: string, rest?: string): string {
  const behind = rest === undefined ? '' : `/${rest.split('/').map(encodeURIComponent).join('/')}`;
  return `/${group}/${encodeURIComponent(name)}${behind}`;
}
