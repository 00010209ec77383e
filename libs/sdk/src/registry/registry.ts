import { SluiceError } from '@sluice/contracts';
import { type BackoffOptions } from '../backoff.js';
import { type Rest } from '../rest.js';
import { type OpenSocket } from '../socket.js';
import { type TokenSource } from '../token.js';
import { EventIteration, type EventOptions, type EventPlaces } from './events.js';
import { graphqlError, type GraphqlError } from './graphql-error.js';
import { type Operation } from './operation.js';

/** How the registry is reached over WebSocket. */
export interface RegistryLink {
  readonly url: string;
  readonly token: TokenSource | undefined;
  readonly openSocket: OpenSocket;
  readonly backoff: BackoffOptions | undefined;
  readonly idleMs: number;
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphqlError[];
}

/** Where the registry answers. */
export const REGISTRY_PATH = '/graphql';

/** The registry of one Sluice: queries and mutations over HTTP, subscriptions over sockets of their own. */
export class Registry {
  private readonly open = new Set<EventIteration<unknown>>();

  constructor(
    private readonly rest: Rest,
    private readonly link: RegistryLink,
  ) {}

  /** @throws SluiceError the first thing that went wrong */
  async ask<Variables, Data>(operation: Operation<Variables, Data>, variables: Variables): Promise<Data> {
    const { data, errors } = await this.rest
      .sendJson<Answer<Data>>('POST', REGISTRY_PATH, { query: operation.text, variables })
      .catch((error: unknown) => {
        throw operation.kind === 'query' ? asRepeatable(error) : error;
      });
    const [first] = errors ?? [];
    if (first !== undefined) throw graphqlError(first);
    if (data === undefined || data === null) throw new SluiceError('INTERNAL', 'the registry answered without data');
    return data;
  }

  /** Begins a subscription; the connection is made at once, and again whenever it is lost. */
  events<Variables extends object, Data>(
    { text }: Operation<Variables, Data>,
    variables: Variables,
    { signal, ...places }: EventOptions & EventPlaces<Data>,
  ): EventIteration<Data> {
    const iteration: EventIteration<Data> = new EventIteration<Data>(
      { ...this.link, payload: { query: text, variables }, places, onEnd: () => this.open.delete(iteration) },
      { signal },
    );
    this.open.add(iteration);
    iteration.start();
    return iteration;
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const iteration of this.open) iteration.close();
  }
}

/** A query changes nothing: where its answer is lost, it can be asked again. */
function asRepeatable(error: unknown): unknown {
  if (!(error instanceof SluiceError) || error.code !== 'OUTCOME_UNKNOWN') return error;
  return new SluiceError('SERVICE_UNAVAILABLE', error.message, { cause: error });
}
