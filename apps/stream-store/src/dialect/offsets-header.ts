import { type LabelledEntry } from '../follow/pull-encoder.js';

/** Longest `x-offsets` sent: clients refuse headers above 16 KiB. */
const MAX_OFFSETS_BYTES = 14 * 1024;
/** The shortest item, `["a","1-0",0],`, taken as often as it fits. */
export const MAX_OFFSETS_ENTRIES = Math.ceil(MAX_OFFSETS_BYTES / 14);
/** Most payload bytes of one reply, unless its first entry is larger. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/** The value of `x-offsets`, and how many of the entries it (and so the reply) has room for. */
export interface OffsetsHeader {
  readonly text: string;
  readonly entries: number;
  readonly bytes: number;
}

/** Lists entries as `[["sid","id",offset],…]` in ASCII, as many as a reply can carry: at least one. */
export function formatOffsets(parts: readonly LabelledEntry[], usesStarts: boolean): OffsetsHeader {
  let text = '';
  let bytes = 0;
  let entries = 0;
  for (const { label, entry } of parts) {
    const end = bytes + entry.payload.length;
    const item = `[${asciiJson(label)},"${entry.id}",${usesStarts ? bytes : end}]`;
    const isFull = text.length + item.length + 3 > MAX_OFFSETS_BYTES || end > MAX_REPLY_BYTES;
    if (entries > 0 && isFull) break;
    text += entries === 0 ? item : `,${item}`;
    bytes = end;
    entries += 1;
  }
  return { text: `[${text}]`, entries, bytes };
}

/** JSON that may stand in a header: everything outside printable ASCII escaped. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
