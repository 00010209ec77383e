/** Events that are given when they are asked for; `return` ends it at once, also while somebody waits for the next one. */
export interface EventStream<T> extends AsyncIterableIterator<T, undefined, undefined> {
  return(): Promise<IteratorResult<T, undefined>>;
  throw(error: unknown): Promise<IteratorResult<T, undefined>>;
}

/** The same events as something else. An async generator would not end while it waits. */
export function mapEvents<A, B>(source: EventStream<A>, map: (event: A) => Promise<B>): EventStream<B> {
  return {
    next: async () => {
      const { done, value } = await source.next();
      return done === true ? { done: true, value: undefined } : { done: false, value: await map(value) };
    },
    return: async () => {
      await source.return();
      return { done: true, value: undefined };
    },
    throw: async (error) => {
      await source.return();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Those of the events that pass. */
export function filterEvents<T>(source: EventStream<T>, passes: (event: T) => boolean): EventStream<T> {
  return {
    next: async () => {
      for (;;) {
        const result = await source.next();
        if (result.done === true || passes(result.value)) return result;
      }
    },
    return: () => source.return(),
    throw: (error) => source.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The same events; `stop` is called when they are not wanted any more. */
export function endingWith<T>(source: EventStream<T>, stop: () => void): EventStream<T> {
  return {
    next: () => source.next(),
    return: () => {
      stop();
      return source.return();
    },
    throw: (error) => {
      stop();
      return source.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
