import { Inject, Injectable } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { SluiceError, type ErrorCode } from '@sluice/contracts';
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
import { AnswerMemory } from '../answers/answer-memory.js';
import { type AnswerReader, type AnswerShare } from '../answers/answer-share.js';
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

/** An answer, and the memory it holds until `share.end()`; null: none to speak of. */
export interface HeldAnswer {
  readonly answer: Answer;
  readonly share: AnswerShare | null;
}

/** What of an event of a subscription may be large. */
interface SizedEvent {
  readonly payloadBytes?: number;
}

/** An entry is asked for in several forms: as text, in base64, as JSON. */
const FORMS = 4;

/** Executes the operations of all transports: reads, checks, runs, and puts what comes out into words. */
@Injectable()
export class Executor {
  constructor(
    private readonly host: GraphQLSchemaHost,
    private readonly documents: Documents,
    private readonly contexts: Contexts,
    private readonly memory: AnswerMemory,
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
  async run(operation: Operation, reader: AnswerReader): Promise<HeldAnswer> {
    if (operation.kind === 'subscription') {
      const answer = this.refuse('Subscriptions need a WebSocket: graphql-transport-ws or graphql-ws');
      return { answer, share: null };
    }
    return this.holding(reader, async (share) => {
      const context = this.contexts.create(operation.identity, share);
      const result = await execute({ ...this.argumentsOf(operation), contextValue: context });
      return toAnswer(result, context.extensions(), this.log);
    });
  }

  /** Begins a subscription; its events are answers. Nothing is read for it that nobody asks for. */
  async subscribe(operation: Operation, reader: AnswerReader): Promise<EventStream<HeldAnswer> | HeldAnswer> {
    const args = this.argumentsOf(operation);
    let events: EventStream<unknown> | null = null;
    const held = await this.holding(reader, async (share) => {
      const contextValue = this.contexts.create(operation.identity, share);
      const source = await createSourceEventStream({ ...args, contextValue });
      if (!(Symbol.asyncIterator in source)) return toAnswer(source as ExecutionResult, null, this.log);
      events = source[Symbol.asyncIterator]() as EventStream<unknown>;
      return { data: null };
    });
    if (events === null) return held;
    held.share?.end();
    return mapEvents(events as EventStream<unknown>, (event) =>
      this.holding(reader, async (share) => {
        const giveBack = await share.borrow(FORMS * ((event as SizedEvent).payloadBytes ?? 0));
        const context = this.contexts.create(operation.identity, share);
        const result = await execute({ ...args, rootValue: event, contextValue: context });
        giveBack();
        return toAnswer(result, context.extensions(), this.log);
      }),
    );
  }

  /** Makes an answer that holds memory; without any it says so. */
  private async holding(reader: AnswerReader, work: (share: AnswerShare) => Promise<Answer>): Promise<HeldAnswer> {
    let share: AnswerShare | null = null;
    try {
      share = await this.memory.begin(reader);
      return { answer: await work(share), share };
    } catch (error) {
      share?.end();
      if (error instanceof SluiceError) return { answer: this.refuse(error.message, error.code), share: null };
      throw error;
    }
  }

  /** An answer that is one error. */
  refuse(message: string, code: ErrorCode = 'INVALID_PARAMETER'): Answer {
    const error = new GraphQLError(message, { extensions: { code } });
    return toAnswer({ errors: [error] }, null, this.log);
  }

  private argumentsOf({ document, variables, operationName }: Operation): Parameters<typeof execute>[0] {
    return { schema: this.host.schema, document, variableValues: variables, operationName };
  }
}
