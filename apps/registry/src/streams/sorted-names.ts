/** Where in sorted names the first stands that is not before `name`. */
function lowerBound(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those of sorted names that begin with a prefix: they stand together, so that the others cost nothing. */
export function below(names: readonly string[], prefix: string): readonly string[] {
  if (prefix === '') return names;
  const start = lowerBound(names, prefix);
  let end = start;
  while (end < names.length && names[end]?.startsWith(prefix) === true) end += 1;
  return names.slice(start, end);
}

/** Whether one of sorted names begins with a prefix. */
export function hasBelow(names: readonly string[], prefix: string): boolean {
  return names[lowerBound(names, prefix)]?.startsWith(prefix) === true;
}
