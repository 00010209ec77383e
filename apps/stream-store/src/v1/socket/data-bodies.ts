import { type EntryBatch, type LogEntry, type StoredEntry } from '@sluice/stream-log';
import {
  FRAME_HEAD_BYTES,
  PACKED_DATA_FLAGS,
  dataFlags,
  encodePackedSection,
  encodeSection,
  hasParts,
  type EntryToEncode,
} from '@sluice/wire';

/** A data frame without its head: what all subscriptions that want the same form share. */
export interface DataBody {
  /** Flags of the frame. */
  readonly flags: number;
  readonly pieces: readonly Uint8Array[];
  /** Bytes of the frame, head included. */
  readonly frameBytes: number;
}

/** How a subscription wants its data frames. */
export interface DataForm {
  /** Extra fields are sent. */
  readonly fields: boolean;
  /** Newest first; packed entries come unpacked. */
  readonly isLatest: boolean;
  /** A frame takes no further entry once it would pass this. */
  readonly batchBytes: number;
}

/** Bodies made for a batch, by the form wanted; they go when the batch goes. */
const made = new WeakMap<EntryBatch, Map<string, readonly DataBody[]>>();

/**
 * The bodies of a batch in a form, made once for all subscriptions.
 * @param formKey names the form
 */
export function bodiesOf(batch: EntryBatch, name: Uint8Array, form: DataForm, formKey: string): readonly DataBody[] {
  let byForm = made.get(batch);
  if (byForm === undefined) made.set(batch, (byForm = new Map<string, readonly DataBody[]>()));
  let bodies = byForm.get(formKey);
  if (bodies === undefined) {
    bodies = encodeBodies(form.isLatest ? batch.entries.toReversed() : batch.stored, name, form);
    byForm.set(formKey, bodies);
  }
  return bodies;
}

/** Bodies of entries that nobody else gets. */
export function encodeBodies(entries: readonly StoredEntry[], name: Uint8Array, form: DataForm): DataBody[] {
  return runsOf(entries, form.batchBytes).map((run) => encodeRun(run, name, form));
}

/** Entries that may share a frame: all packed or none, up to so many bytes; a larger entry stands alone. */
function runsOf(entries: readonly StoredEntry[], maxBytes: number): StoredEntry[][] {
  const runs: StoredEntry[][] = [];
  let run: StoredEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const isOther = run.length > 0 && isPacked(entry) !== isPacked(run[0] as StoredEntry);
    if (run.length === 0 || isOther || bytes + entry.payload.length > maxBytes) {
      runs.push((run = []));
      bytes = 0;
    }
    run.push(entry);
    bytes += entry.payload.length;
  }
  return runs;
}

function encodeRun(run: readonly StoredEntry[], name: Uint8Array, { fields }: DataForm): DataBody {
  const isPackedRun = isPacked(run[0] as StoredEntry);
  const parts = !isPackedRun && hasParts(run);
  const pieces = isPackedRun
    ? run.flatMap(({ id, payload }) => encodePackedSection(name, id, payload))
    : encodeSection({ name, entries: run.map(fields ? withFields : bare) }, { ids: true, fields, parts });
  const frameBytes = pieces.reduce((sum, piece) => sum + piece.length, FRAME_HEAD_BYTES);
  return { flags: isPackedRun ? PACKED_DATA_FLAGS : dataFlags(fields, parts), pieces, frameBytes };
}

function isPacked({ packedCount = 0 }: StoredEntry): boolean {
  return packedCount > 0;
}

function bare({ id, payload }: LogEntry): EntryToEncode {
  return { id, payload };
}

function withFields({ id, payload, fields }: LogEntry): EntryToEncode {
  return { id, payload, fields: fields?.map(([name, value]) => ({ name, value })) };
}
