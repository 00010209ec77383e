/** What a credential may allow, each for all names or for those that a pattern matches; `admin` is for the whole system. */
export const RIGHTS = [
  'stream:read',
  'stream:write',
  'channel:read',
  'channel:write',
  'pipeline:read',
  'pipeline:write',
  'control:read',
  'control:write',
  'admin',
] as const;

/** One right. */
export type Right = (typeof RIGHTS)[number];

/** Whether a text names a right. */
export function isRight(text: string): text is Right {
  return (RIGHTS as readonly string[]).includes(text);
}
