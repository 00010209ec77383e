import { type MetaObject } from '@sluice/catalog';

type Scalar = string | number | boolean | null;

/** One value in metadata: where it stands (`lens.mm`; members of lists share the place of their list), and what it is. */
export interface Leaf {
  readonly path: string;
  readonly value: Scalar;
}

/** What is asked of metadata: of one place, each of these that is given. */
export interface MetaCondition {
  readonly path: string;
  /** The value itself; of a list, one of its members. */
  readonly equals?: unknown;
  /** Part of a text, in whatever case. */
  readonly contains?: string | null;
  /** Whether there is anything at all, a value or an object. */
  readonly exists?: boolean | null;
}

/** Values of one thing that are searched; further ones are not. */
const MAX_LEAVES = 200;
/** Characters of a text that are searched. */
const MAX_CHARS = 256;
const MAX_DEPTH = 16;
/** About what a value takes in memory beside the characters of its texts. */
const LEAF_BYTES = 100;

/** The values in an object, level by level. */
export function leavesOf(meta: MetaObject): Leaf[] {
  const leaves: Leaf[] = [];
  const open: { path: string; value: unknown; depth: number }[] = [{ path: '', value: meta, depth: 0 }];
  for (let at = 0; at < open.length && leaves.length < MAX_LEAVES; at++) {
    const { path, value, depth } = open[at] as (typeof open)[number];
    if (typeof value === 'object' && value !== null) {
      if (depth >= MAX_DEPTH) continue;
      const isList = Array.isArray(value);
      for (const [key, member] of Object.entries(value).slice(0, MAX_LEAVES)) {
        open.push({ path: isList ? path : path === '' ? key : `${path}.${key}`, value: member, depth: depth + 1 });
      }
    } else {
      leaves.push({ path, value: typeof value === 'string' ? beginningOf(value) : (value as Scalar) });
    }
  }
  return leaves;
}

/** A copy: a slice would hold the whole text. */
function beginningOf(text: string): string {
  if (text.length <= MAX_CHARS) return text;
  return Buffer.from(text.slice(0, MAX_CHARS), 'utf16le').toString('utf16le');
}

/** About what values take in memory. */
export function bytesOfLeaves(leaves: readonly Leaf[]): number {
  let bytes = 0;
  for (const { path, value } of leaves) {
    bytes += LEAF_BYTES + path.length + (typeof value === 'string' ? value.length : 0);
  }
  return bytes;
}

/** Whether metadata has what is asked for. */
export function matches(leaves: readonly Leaf[], { path, equals, contains, exists }: MetaCondition): boolean {
  const here = leaves.filter((leaf) => leaf.path === path);
  const isThere = here.length > 0 || leaves.some((leaf) => leaf.path.startsWith(`${path}.`));
  if (exists !== undefined && exists !== null && exists !== isThere) return false;
  if (equals !== undefined && !here.some(({ value }) => value === equals)) return false;
  if (contains === undefined || contains === null) return true;
  const part = contains.toLowerCase();
  return here.some(({ value }) => typeof value === 'string' && value.toLowerCase().includes(part));
}
