import { Inject, Injectable } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { LOG, type Identity } from '@sluice/service-kit';
import {
  GraphQLError,
  createSourceEventStream,
  execute,
  getOperationAST,
  type DocumentNode,
  type ExecutionResult,
} from 'graphql';
import { type Logger } from 'pino';
import { toAnswer, type Answer } from './answer.js';
import { Contexts } from './contexts.js';
import { Documents } from './documents.js';
import { mapEvents, type EventStream } from './event-stream.js';

/** What a client asks for, whatever it came by. */
export interface OperationRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>> | null;
  readonly operationName: string | null;
}

/** An operation that may be executed. */
export interface Operation {
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | null;
  readonly identity: Identity;
}

/** Executes the operations of all transports: reads, checks, runs, and puts what comes out into words. */
@Injectable()
export class Executor {
  constructor(
    private readonly host: GraphQLSchemaHost,
    private readonly documents: Documents,
    private readonly contexts: Contexts,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  /** The operation, or an answer that says why it may not be executed. */
  prepare(
    { query, variables, operationName }: OperationRequest,
    identity: Identity,
  ): { readonly operation: Operation } | { readonly refusal: Answer } {
    const { document, errors } = this.documents.check(query);
    if (document === null) return { refusal: toAnswer({ errors }, null, this.log) };
    const node = getOperationAST(document, operationName);
    if (node === null || node === undefined) {
      const message =
        operationName === null
          ? 'The document has several operations: operationName must name one'
          : `The document has no operation "${operationName}"`;
      return { refusal: this.refuse(message) };
    }
    return { operation: { kind: node.operation, document, variables: variables ?? {}, operationName, identity } };
  }

  /** Runs a query or a mutation. */
  async run(operation: Operation): Promise<Answer> {
    if (operation.kind === 'subscription') {
      return this.refuse('Subscriptions need a WebSocket: graphql-transport-ws or graphql-ws');
    }
    const context = this.contexts.create(operation.identity);
    const result = await execute({ ...this.argumentsOf(operation), contextValue: context });
    return toAnswer(result, context.extensions(), this.log);
  }

  /** Begins a subscription; its events are answers. Nothing is read for it that nobody asks for. */
  async subscribe(operation: Operation): Promise<EventStream<Answer> | Answer> {
    const args = this.argumentsOf(operation);
    const source = await createSourceEventStream({ ...args, contextValue: this.contexts.create(operation.identity) });
    if (!(Symbol.asyncIterator in source)) return toAnswer(source as ExecutionResult, null, this.log);
    return mapEvents(source[Symbol.asyncIterator]() as EventStream<unknown>, async (event) => {
      const context = this.contexts.create(operation.identity);
      const result = await execute({ ...args, rootValue: event, contextValue: context });
      return toAnswer(result, context.extensions(), this.log);
    });
  }

  /** An answer that is one error. */
  refuse(message: string): Answer {
    const error = new GraphQLError(message, { extensions: { code: 'INVALID_PARAMETER' } });
    return toAnswer({ errors: [error] }, null, this.log);
  }

  private argumentsOf({ document, variables, operationName }: Operation): Parameters<typeof execute>[0] {
    return { schema: this.host.schema, document, variableValues: variables, operationName };
  }
}
