import { parseStart, type Start } from '../dialect/positions.js';
import { type QueryReader } from '../dialect/parameters.js';

const PARAMETER = 'last_entry_id';

/** Positions of a request; where it names more streams they are given out in turn. */
export interface Positions {
  readonly starts: readonly Start[];
  /** As the client wrote them. */
  readonly texts: readonly string[];
}

/**
 * Reads `last_entry_id`: one position or several, joined by `+` or a space. `$` is from now, `*` the newest entries, `-` and `0` are
 * before the first one.
 */
export function readPositions(query: QueryReader, fallback: string): Positions {
  const texts = query.text(PARAMETER, fallback).split(/[+ ]/);
  const starts: Start[] = [];
  for (const text of texts) {
    const start = parseStart(text);
    if (start === null) {
      query.refuse(PARAMETER, `${JSON.stringify(text.slice(0, 64))} is not an entry id, $, * or -`);
      return { starts: ['$'], texts: ['$'] };
    }
    starts.push(start);
  }
  return { starts, texts };
}

/** The position of one of the streams of a request. */
export function startAt({ starts }: Positions, index: number): Start {
  return starts[index % starts.length] as Start;
}
