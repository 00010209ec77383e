import { type Identity } from '@sluice/service-kit';
import { type Answer } from '../graphql/answer.js';
import { type EventStream } from '../graphql/event-stream.js';
import { type Executor, type Operation } from '../graphql/executor.js';
import { TextRefusal, toRequest } from '../graphql/http-body.js';
import { type SocketSink } from './socket-sink.js';
import { MAX_OPERATIONS, SocketOperations, tooMany } from './socket-operations.js';

/** The sub-protocol of `subscriptions-transport-ws`. */
export const LEGACY_PROTOCOL = 'graphql-ws';

interface Message {
  readonly type: unknown;
  readonly id?: unknown;
  readonly payload?: unknown;
}

/** What one operation is doing: its events where it is a subscription, else null until it is answered. */
interface Running {
  events: EventStream<never> | null;
  isStopped: boolean;
}

const BAD_REQUEST = 4400;
const UNAUTHORIZED = 4401;

/** Speaks the legacy `graphql-ws` on one socket: queries and mutations too. */
export class LegacyWs {
  private readonly running = new Map<string, Running>();
  private readonly operations: SocketOperations;
  private isReady = false;

  constructor(
    private readonly sink: SocketSink,
    private readonly executor: Executor,
    private readonly identity: Identity,
  ) {
    this.operations = new SocketOperations(sink, executor, 'data');
    sink.onMessage((text) => this.onMessage(text));
  }

  /** The socket is closed. */
  close(): void {
    for (const id of this.running.keys()) this.stop(id);
  }

  private onMessage(text: string): void {
    const message = parse(text);
    if (message === null) return this.sink.close(BAD_REQUEST, 'the message is no JSON object');
    const id = typeof message.id === 'string' || typeof message.id === 'number' ? String(message.id) : null;
    switch (message.type) {
      case 'connection_init':
        this.isReady = true;
        void this.send({ type: 'connection_ack' });
        return;
      case 'connection_terminate':
        return this.sink.close(1000, 'terminated');
      case 'start':
        if (!this.isReady) return this.sink.close(UNAUTHORIZED, 'start comes before connection_init');
        if (id === null) return this.sink.close(BAD_REQUEST, 'start has no id');
        void this.start(id, message.payload);
        return;
      case 'stop':
        if (id !== null) this.stop(id);
        return;
      default:
        return this.sink.close(BAD_REQUEST, 'the type of the message is not known');
    }
  }

  private async start(id: string, payload: unknown): Promise<void> {
    if (this.running.has(id)) return this.sendError(id, this.executor.refuse(`operation ${id} is running already`));
    if (this.running.size >= MAX_OPERATIONS) return this.sendError(id, this.executor.refuse(tooMany()));
    const prepared = this.prepare(payload);
    if ('refusal' in prepared) return this.sendError(id, prepared.refusal);
    const running: Running = { events: null, isStopped: false };
    this.running.set(id, running);
    try {
      await this.run(id, prepared.operation, running);
    } catch {
      await this.sendError(id, this.executor.refuse('the operation failed'));
    } finally {
      if (this.running.get(id) === running) this.running.delete(id);
    }
  }

  private prepare(payload: unknown): ReturnType<Executor['prepare']> {
    try {
      return this.executor.prepare(toRequest(payload), this.identity);
    } catch (error) {
      if (error instanceof TextRefusal) return { refusal: this.executor.refuse(error.message) };
      throw error;
    }
  }

  private async run(id: string, operation: Operation, running: Running): Promise<void> {
    if (operation.kind !== 'subscription') {
      await this.operations.answer(id, operation, () => !running.isStopped);
    } else {
      running.events = await this.operations.begin(id, operation);
      if (running.isStopped) await running.events?.return();
      await running.events?.next();
    }
    if (!running.isStopped) await this.send({ type: 'complete', id });
  }

  private stop(id: string): void {
    const running = this.running.get(id);
    if (running === undefined) return;
    running.isStopped = true;
    this.running.delete(id);
    void running.events?.return();
    void this.send({ type: 'complete', id });
  }

  private sendError(id: string, { errors }: Answer): Promise<void> {
    return this.send({ type: 'error', id, payload: errors?.[0] ?? { message: 'the operation failed' } });
  }

  private send(message: object): Promise<void> {
    return this.sink.send(JSON.stringify(message));
  }
}

function parse(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as Message) : null;
  } catch {
    return null;
  }
}
