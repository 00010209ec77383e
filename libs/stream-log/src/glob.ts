/** One element of a pattern: any text (`*`), or one character that passes. */
type Token = '*' | ((character: string) => boolean);

const NO_CHARACTER = (): boolean => false;

/**
 * A test for names by a pattern as Redis has them: `*` any text, `?` one character, `[abc]`, `[a-z]`, `[^a]`, and `\` before
 * a character that stands for itself. The time a test takes is bounded by name length times pattern length.
 */
export function globMatcher(pattern: string): (name: string) => boolean {
  const tokens = parse([...pattern]);
  return (name) => matches(tokens, [...name]);
}

/** Whether any name can pass: none does when a set of characters is empty, as in `[]` or with `[` at the end. */
export function canMatch(pattern: string): boolean {
  return !parse([...pattern]).includes(NO_CHARACTER);
}

function parse(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*');
    } else if (character === '?') tokens.push(() => true);
    else if (character === '[') {
      const set = parseSet(pattern, at + 1);
      tokens.push(set.passes);
      at = set.end;
    } else {
      if (character === '\\' && at + 1 < pattern.length) at++;
      const literal = pattern[at];
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

/** The set whose text begins at `from`; `end` is where its `]` stands, or the last character when it does not close. */
function parseSet(pattern: readonly string[], from: number): { passes: (character: string) => boolean; end: number } {
  const isNegated = pattern[from] === '^';
  const ranges: [low: string, high: string][] = [];
  let at = isNegated ? from + 1 : from;
  for (; at < pattern.length && pattern[at] !== ']'; at++) {
    if (pattern[at] === '\\' && at + 1 < pattern.length) at++;
    const low = pattern[at] ?? '';
    const high = pattern[at + 1] === '-' ? pattern[at + 2] : undefined;
    if (high === undefined || high === ']') ranges.push([low, low]);
    else {
      ranges.push(low <= high ? [low, high] : [high, low]);
      at += 2;
    }
  }
  const isIn = (character: string): boolean => ranges.some(([low, high]) => low <= character && character <= high);
  if (ranges.length === 0 && !isNegated) return { passes: NO_CHARACTER, end: at };
  return { passes: (character) => isIn(character) !== isNegated, end: at };
}

function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let [at, token, starToken, starAt] = [0, 0, -1, 0];
  while (at < name.length) {
    const expected = tokens[token];
    if (expected === '*') {
      starToken = token++;
      starAt = at;
    } else if (expected?.(name[at] ?? '') === true) {
      at++;
      token++;
    } else if (starToken >= 0) {
      token = starToken + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token] === '*') token++;
  return token === tokens.length;
}
