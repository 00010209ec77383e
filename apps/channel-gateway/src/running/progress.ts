import { type EntryId } from '@sluice/wire';
import { type Kept } from '../engine/keeping.js';

/** How far modules have come, as the hash of progress holds it. */
export interface Progress {
  /** Position up to which they have read each channel. */
  readonly positions: ReadonlyMap<string, EntryId>;
  readonly kept: Kept;
}

const KEPT = 'kept:';

/** Field in which a module keeps something. No channel is called like that. */
export function keptField(module: string, name: string): string {
  return `${KEPT}${JSON.stringify([module, name])}`;
}

/** Reads the reply to HGETALL. */
export function readProgress(reply: unknown): Progress {
  const flat = Array.isArray(reply)
    ? reply.map(String)
    : Object.entries(reply as object)
        .flat()
        .map(String);
  const positions = new Map<string, EntryId>();
  const kept = new Map<string, Map<string, string>>();
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [field, value] = [flat[at] as string, flat[at + 1] as string];
    if (field.startsWith(KEPT)) {
      const [module, name] = JSON.parse(field.slice(KEPT.length)) as [string, string];
      const values = kept.get(module) ?? new Map<string, string>();
      kept.set(module, values.set(name, value));
    } else positions.set(field, value);
  }
  return { positions, kept };
}
