import { GraphQLError } from 'graphql';
import { MAX_NESTING } from './limits.js';

const OPENING = new Set(['{', '[', '(']);
const CLOSING = new Set(['}', ']', ')']);

/**
 * Looks at the braces of a document before it is parsed: what reads and checks it goes into itself for each level.
 * @throws GraphQLError when there are too many levels
 */
export function assertNesting(query: string): void {
  let depth = 0;
  for (let at = 0; at < query.length; at++) {
    const sign = query.charAt(at);
    if (sign === '"') at = stringEnd(query, at);
    else if (sign === '#') at = lineEnd(query, at);
    else if (CLOSING.has(sign)) depth -= 1;
    else if (OPENING.has(sign)) {
      depth += 1;
      if (depth > MAX_NESTING) {
        throw new GraphQLError(`The operation has more than ${MAX_NESTING} levels of braces`, {
          extensions: { code: 'INVALID_PARAMETER' },
        });
      }
    }
  }
}

/** Where the last quote of a string stands; the parser says what is wrong with one that does not end. */
function stringEnd(query: string, start: number): number {
  const isBlock = query.startsWith('"""', start);
  const quotes = isBlock ? '"""' : '"';
  for (let at = start + quotes.length; at < query.length; at++) {
    if (query.charAt(at) === '\\') at += 1;
    else if (query.startsWith(quotes, at)) return at + quotes.length - 1;
  }
  return query.length;
}

function lineEnd(query: string, start: number): number {
  const end = query.slice(start).search(/[\n\r]/);
  return end < 0 ? query.length : start + end;
}
