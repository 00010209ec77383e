const SPELLINGS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 'true', 't', 'yes', 'y', 'on'].map((text): [string, boolean] => [text, true]),
  ...['0', 'false', 'f', 'no', 'n', 'off'].map((text): [string, boolean] => [text, false]),
]);

/** A boolean of a query string in any spelling that clients use (`1 true t yes y on` and opposites, any case); null for anything else. */
export function parseBoolean(text: string): boolean | null {
  return SPELLINGS.get(text) ?? (text.length > 5 ? null : (SPELLINGS.get(text.toLowerCase()) ?? null));
}
