import { type Answer } from '../graphql/answer.js';
import { type EventStream } from '../graphql/event-stream.js';
import { type Executor, type HeldAnswer, type Operation } from '../graphql/executor.js';
import { type SocketSink } from './socket-sink.js';
import { Turns } from './turns.js';

/** Operations of one socket at a time. */
export const MAX_OPERATIONS = 200;

/** Works at the operations of one socket, in either sub-protocol, and writes their answers. */
export class SocketOperations {
  private readonly turns: Turns;

  /** @param messageType of a message that has an answer */
  constructor(
    private readonly sink: SocketSink,
    private readonly executor: Executor,
    private readonly messageType: 'next' | 'data',
  ) {
    this.turns = new Turns(sink, MAX_OPERATIONS);
  }

  /**
   * Runs a query or a mutation, and writes its answer if it is still wanted.
   * @param isWanted asked when there is an answer; it is written next
   */
  async answer(id: string, operation: Operation, isWanted: () => boolean): Promise<void> {
    const done = await this.turns.run(async () => {
      const held = await this.executor.run(operation, this.sink);
      if (isWanted()) await this.write(id, held);
      else held.share?.end();
      return true;
    });
    if (done === null && isWanted()) await this.refuse(id, tooMany());
  }

  /** Begins a subscription; null when all there is to tell is written: why it cannot begin. Each event writes an answer. */
  async begin(id: string, operation: Operation): Promise<EventStream<never> | null> {
    const source = await this.turns.run(() => this.executor.subscribe(operation, this.sink));
    if (source === null) await this.refuse(id, tooMany());
    else if (Symbol.asyncIterator in source) return this.written(id, source);
    else await this.write(id, source);
    return null;
  }

  /** An event stream without events: it ends when all those of the source are written. */
  private written(id: string, source: EventStream<HeldAnswer>): EventStream<never> {
    const written: EventStream<never> = {
      next: async () => {
        for (;;) {
          const event = await source.next();
          if (event.done === true) return { done: true, value: undefined };
          await this.write(id, event.value);
        }
      },
      return: async () => {
        await source.return();
        return { done: true, value: undefined };
      },
      throw: async (error) => {
        await source.return();
        throw error;
      },
      [Symbol.asyncIterator]: () => written,
    };
    return written;
  }

  private refuse(id: string, message: string): Promise<void> {
    return this.write(id, { answer: this.executor.refuse(message), share: null });
  }

  private write(id: string, held: { readonly answer: Answer; readonly share: HeldAnswer['share'] }): Promise<void> {
    const head = `{"id":${JSON.stringify(id)},"type":"${this.messageType}","payload":`;
    return this.sink.sendAnswer(head, held, '}');
  }
}

/** Why an operation too many is refused. */
export function tooMany(): string {
  return `This socket has ${MAX_OPERATIONS} operations open: complete some of them first`;
}
