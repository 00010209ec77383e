import { SluiceError } from '@sluice/contracts';
import { type QueryReader } from '../dialect/parameters.js';
import { type LabelledEntry } from '../follow/pull-encoder.js';

/** Turns payloads of one format into another. */
export interface PayloadConverter {
  /**
   * @param request `client` shares a turn with its other requests
   * @returns null for a payload that the output leaves out
   * @throws SluiceError for names that stand for no format, and for payloads that are not of their input's
   */
  convert(request: {
    readonly sid: string;
    readonly payload: Uint8Array;
    readonly input: string | null;
    readonly output: string;
    readonly client: string;
  }): Promise<Buffer | null>;
}

/** What a reader wants made of its entries. */
export interface Conversion {
  readonly input: string | null;
  readonly output: string;
}

/** Output that leaves entries as they are. */
const UNCHANGED = 'same';

/** Reads `input` and `output`; null when entries stay as they are. */
export function readConversion(query: QueryReader): Conversion | null {
  const output = query.text('output', UNCHANGED).toLowerCase();
  if (output === UNCHANGED || output === '') return null;
  return { output, input: query.has('input') ? query.text('input', '') : null };
}

/** Converts entries one after the other, so that a client holds one place in the queue of conversions. @throws SluiceError */
export async function convertParts(
  converter: PayloadConverter,
  { input, output }: Conversion,
  client: string,
  parts: readonly LabelledEntry[],
): Promise<LabelledEntry[]> {
  const converted: LabelledEntry[] = [];
  for (const { label, entry } of parts) {
    const payload = await converter.convert({ sid: label, payload: entry.payload, input, output, client });
    if (payload !== null) converted.push({ label, entry: { ...entry, payload } });
  }
  return converted;
}

/** Whether a conversion failed because of the entry alone. */
export function isMalformedEntry(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'INVALID_FRAME';
}
