/** About the characters of one piece. */
const PIECE_CHARS = 64 * 1024;

/**
 * JSON in pieces of about 64 KiB, made as they are asked for, so that a large answer is never there as a whole text too.
 * @param value what `JSON.parse` may give, or plain objects of it; `undefined` members are left out
 */
export function* jsonPieces(value: unknown): Generator<string, void, undefined> {
  let piece = '';
  for (const part of parts(value)) {
    piece += part;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function* parts(value: unknown): Generator<string, void, undefined> {
  if (charsOf(value, PIECE_CHARS) < PIECE_CHARS) yield JSON.stringify(value) ?? 'null';
  else if (typeof value === 'string') yield* textParts(value);
  else if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      yield at === 0 ? '[' : ',';
      yield* parts(value[at]);
    }
    yield ']';
  } else {
    let separator = '{';
    for (const [name, member] of Object.entries(value as object)) {
      if (member === undefined) continue;
      yield `${separator}${JSON.stringify(name)}:`;
      yield* parts(member);
      separator = ',';
    }
    yield '}';
  }
}

/** A long text; a character of two halves that is cut in two is written as two escapes, which mean the same. */
function* textParts(text: string): Generator<string, void, undefined> {
  yield '"';
  for (let at = 0; at < text.length; at += PIECE_CHARS) {
    yield JSON.stringify(text.slice(at, at + PIECE_CHARS)).slice(1, -1);
  }
  yield '"';
}

/** About the characters of a value, looked at no further than up to `enough`. */
function charsOf(value: unknown, enough: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let chars = 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && chars < enough; at++) chars += 1 + charsOf(value[at], enough - chars);
    return chars;
  }
  for (const name in value) {
    if (chars >= enough) break;
    chars += name.length + 4 + charsOf((value as Record<string, unknown>)[name], enough - chars);
  }
  return chars;
}
