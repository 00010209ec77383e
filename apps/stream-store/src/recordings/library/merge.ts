import { compareEntryIds, type EntryId } from '@sluice/wire';

/** An entry and which of the sources it came from. */
export interface Merged<T> {
  readonly entry: T;
  readonly source: number;
}

/**
 * Sources that are each in the order of their ids, as one in that order; at most one entry of each is held. What one source repeats comes once.
 * Sources end when the merge does, also early.
 */
export async function* mergeById<T extends { readonly id: EntryId }>(
  sources: readonly AsyncGenerator<T>[],
  isDistinct = true,
): AsyncGenerator<Merged<T>> {
  try {
    const heads: (T | null)[] = [];
    for (const source of sources) heads.push(await nextOf(source));
    let latest: EntryId | null = null;
    for (;;) {
      const source = lowest(heads);
      const entry = heads[source];
      if (entry === undefined || entry === null) return;
      if (!isDistinct || entry.id !== latest) yield { entry, source };
      latest = entry.id;
      heads[source] = await nextOf(sources[source] as AsyncGenerator<T>);
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}

async function nextOf<T>(source: AsyncGenerator<T>): Promise<T | null> {
  const { value, done } = await source.next();
  return done === true ? null : (value as T);
}

/** Index of the entry with the lowest id; -1 when there is none. */
function lowest(heads: readonly ({ readonly id: EntryId } | null)[]): number {
  let found = -1;
  for (const [at, head] of heads.entries()) {
    const best = heads[found];
    if (head !== null && (best === undefined || best === null || compareEntryIds(head.id, best.id) < 0)) found = at;
  }
  return found;
}
