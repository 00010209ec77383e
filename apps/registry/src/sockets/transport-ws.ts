import { GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType, makeServer } from 'graphql-ws';
import { type Identity } from '@sluice/service-kit';
import { GraphQLError, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import { type Answer } from '../graphql/answer.js';
import { type EventStream } from '../graphql/event-stream.js';
import { type Executor, type Operation } from '../graphql/executor.js';
import { toRequest } from '../graphql/http-body.js';
import { type SocketSink } from './socket-sink.js';
import { MAX_OPERATIONS, SocketOperations, tooMany } from './socket-operations.js';

interface Extra {
  readonly identity: Identity;
  /** Why operations were refused, by their ids. */
  readonly refusals: Map<string, Answer>;
}

/** An operation of this socket. */
interface Asked {
  readonly id: string;
  readonly operation: Operation;
  /** Its client has not completed it. */
  isOpen(): boolean;
}

/** Answers are written by `SocketOperations`, in parts: there is nothing left for the library to write. */
const WRITTEN: EventStream<never> = {
  next: async () => ({ done: true, value: undefined }),
  return: async () => ({ done: true, value: undefined }),
  throw: async (error) => {
    throw error;
  },
  [Symbol.asyncIterator]: () => WRITTEN,
};

/** Speaks graphql-transport-ws on one socket. @returns call it when the socket is closed */
export function speakTransportWs(
  sink: SocketSink,
  identity: Identity,
  { executor, schema }: { readonly executor: Executor; readonly schema: GraphQLSchema },
): (code: number, reason: string) => void {
  const beginning = new Beginning();
  const operations = new SocketOperations(sink, executor, 'next');
  const server = makeServer<Record<string, unknown>, Extra>({
    onSubscribe: (context, id, payload) => {
      const { subscriptions, extra } = context;
      const refuse = (refusal: Answer): GraphQLError[] => {
        // An operation that its client has completed meanwhile is told nothing.
        if (extra.refusals.size > MAX_OPERATIONS) extra.refusals.clear();
        extra.refusals.set(id, refusal);
        return [new GraphQLError(refusal.errors?.[0]?.message ?? '')];
      };
      beginning.add(id);
      if (Object.keys(subscriptions).length > MAX_OPERATIONS) return refuse(executor.refuse(tooMany()));
      const prepared = executor.prepare(toRequest(payload), extra.identity);
      if ('refusal' in prepared) return refuse(prepared.refusal);
      const { document, operationName } = prepared.operation;
      const isOpen = (): boolean => id in context.subscriptions;
      const asked: Asked = { id, operation: prepared.operation, isOpen };
      return { schema, document, operationName, contextValue: asked };
    },
    execute: async (args) => {
      const { id, operation, isOpen } = askedOf(args);
      await operations.answer(id, operation, () => {
        beginning.end(id);
        return isOpen();
      });
      return WRITTEN as never;
    },
    subscribe: async (args) => {
      const { id, operation, isOpen } = askedOf(args);
      const events = await operations.begin(id, operation);
      // The library ends only what it has seen to begin.
      if (events !== null && !isOpen()) await events.return();
      return (events ?? WRITTEN) as never;
    },
    onOperation: (_context, id) => beginning.end(id),
    onError: ({ extra }, id, _payload, errors) => {
      beginning.end(id);
      const refusal = extra.refusals.get(id);
      return (refusal?.errors ?? errors.map(({ message }) => ({ message }))) as never;
    },
  });
  const extra: Extra = { identity, refusals: new Map() };
  const closed = server.opened(
    {
      protocol: GRAPHQL_TRANSPORT_WS_PROTOCOL,
      send: async (text) => {
        await sink.send(text);
        const id = endedBy(text, extra.refusals);
        if (id !== null) await sink.send(JSON.stringify({ id, type: MessageType.Complete }));
      },
      close: (code = 1000, reason = '') => sink.close(code, reason),
      onPing: async (payload) => {
        await beginning.idle();
        await sink.send(JSON.stringify({ type: 'pong', ...(payload === undefined ? {} : { payload }) }));
      },
      onMessage: (listener) => {
        sink.onMessage((text) => {
          listener(text).catch((error: unknown) => sink.close(4400, error instanceof Error ? error.message : ''));
        });
      },
    },
    extra,
  );
  return (code, reason) => void closed(code, reason);
}

/**
 * The id of a refused operation whose error this message tells. The original says `complete` after it, which the library does not.
 */
function endedBy(text: string, refusals: Map<string, Answer>): string | null {
  for (const id of refusals.keys()) {
    if (!text.startsWith(`{"id":${JSON.stringify(id)},"type":"error"`)) continue;
    refusals.delete(id);
    return id;
  }
  return null;
}

/** Operations that were asked for and have not begun: a ping is answered after them, which tells a client that it misses nothing. */
class Beginning {
  private readonly ids = new Set<string>();
  private waiting: (() => void)[] = [];

  add(id: string): void {
    this.ids.add(id);
  }

  end(id: string): void {
    this.ids.delete(id);
    if (this.ids.size > 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Resolves when all have begun. */
  idle(): Promise<void> {
    return this.ids.size === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }
}

function askedOf({ contextValue }: ExecutionArgs): Asked {
  return contextValue as Asked;
}
