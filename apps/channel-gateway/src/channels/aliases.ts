/** The entry of a name, or of its alias with `-` for each `_`. */
export function findIn<V>(all: ReadonlyMap<string, V>, name: string): V | null {
  const found = all.get(name);
  if (found !== undefined) return found;
  const plain = name.replaceAll('-', '_');
  return name.includes('-') && plain.replaceAll('_', '-') === name ? (all.get(plain) ?? null) : null;
}
