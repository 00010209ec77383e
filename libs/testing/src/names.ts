let counter = 0;

/** A name that no other test, worker or run uses: `<prefix>-<process>-<time>-<count>`, letters, digits and `-` only. */
export function uniqueName(prefix = 'test'): string {
  counter += 1;
  return `${prefix}-${process.pid.toString(36)}-${Date.now().toString(36)}-${counter}`;
}
