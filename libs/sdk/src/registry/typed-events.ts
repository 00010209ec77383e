import { MISSED, type EventIteration } from './events.js';

/** What a program is told when it may have missed something. */
interface Missed {
  readonly type: 'missed';
}

/**
 * Events as a program sees them. They go on after a lost connection; where what came meanwhile is not kept, an event `missed`
 * says that it is time to look at the whole again.
 */
export class Events<Event> implements AsyncIterableIterator<Event | Missed, undefined> {
  private readonly ahead: (Event | Missed)[] = [];

  /** @internal made by {@link readEvents} */
  constructor(
    private readonly source: EventIteration<unknown>,
    private readonly read: (data: unknown) => readonly (Event | Missed)[],
  ) {}

  /** Resolves when the registry follows: every event from then on comes. @throws SluiceError when it refuses */
  get ready(): Promise<void> {
    return this.source.ready;
  }

  /** @throws SluiceError what the registry refused with */
  async next(): Promise<IteratorResult<Event | Missed, undefined>> {
    for (;;) {
      const event = this.ahead.shift();
      if (event !== undefined) return { done: false, value: event };
      const { done, value } = await this.source.next();
      if (done === true) return { done: true, value: undefined };
      if (value === MISSED) return { done: false, value: { type: 'missed' } };
      this.ahead.push(...this.read(value));
    }
  }

  /** Ends it. */
  close(): void {
    this.ahead.length = 0;
    this.source.close();
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Makes what a subscription gives into events. */
export function readEvents<Data, Event>(
  source: EventIteration<Data>,
  read: (data: Data) => readonly (Event | Missed)[],
): Events<Event> {
  return new Events(source, (data) => read(data as Data));
}
