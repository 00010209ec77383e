/** What is there already, or comes: thousands of fields of a list need no promise each when their values were read before. */
export type Soon<T> = T | Promise<T>;

/** Goes on with a value, at once if it is there. */
export function withValue<A, B>(value: Soon<A>, read: (value: A) => B): Soon<B> {
  return value instanceof Promise ? withComing(value, read) : read(value);
}

async function withComing<A, B>(value: Promise<A>, read: (value: A) => B): Promise<B> {
  return read(await value);
}
