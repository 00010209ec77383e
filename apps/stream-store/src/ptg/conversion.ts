import { SluiceError } from '@sluice/contracts';
import { type PayloadConverter } from '../conversions/conversions.js';
import { inputFormat, parseFormat } from '../conversions/formats.js';
import { type QueryReader } from '../dialect/parameters.js';
import { type LabelledEntry } from '../follow/pull-encoder.js';

/** What a reader wants made of its entries. */
export interface Conversion {
  readonly input: string | null;
  readonly output: string;
}

/** Whose entries are converted, and for how long it is worth the work. */
export interface ConversionTask extends Conversion {
  /** Clients take turns. */
  readonly client: string;
  /** False once nobody waits for the result. */
  isWanted(): boolean;
}

/** Output that leaves entries as they are. */
const UNCHANGED = 'same';
/** Output that leaves all entries out. */
const NOTHING = 'null';
/** Nothing more is converted for one answer once it has so many bytes. */
const MAX_CONVERTED_BYTES = 64 * 1024 * 1024;
/** The entry is not what it should be, or takes too long: others may be converted all the same. */
const FAULTS_OF_THE_ENTRY: ReadonlySet<string> = new Set([
  'INVALID_FRAME',
  'INVALID_PARAMETER',
  'MESSAGE_TOO_LARGE',
  'SERVICE_UNAVAILABLE',
]);

/**
 * Reads `input` and `output`; null when entries stay as they are.
 * @param sids names of the streams, which may say what they hold
 * @throws SluiceError `INVALID_PARAMETER` for names that stand for no format, and for streams of which it is not known
 */
export function readConversion(query: QueryReader, sids: readonly string[]): Conversion | null {
  const output = query.text('output', UNCHANGED).toLowerCase();
  if (output === UNCHANGED || output === '') return null;
  const input = query.has('input') ? query.text('input', '') : null;
  parseFormat(output, 'output');
  if (output !== NOTHING) for (const sid of sids) inputFormat(sid, input);
  return { output, input };
}

/**
 * Converts entries one after the other, so that a client holds one place in the queue of conversions.
 * @throws SluiceError of the first that cannot be converted
 */
export async function convertAll(
  converter: PayloadConverter,
  task: ConversionTask,
  parts: readonly LabelledEntry[],
): Promise<LabelledEntry[]> {
  const converted: LabelledEntry[] = [];
  let bytes = 0;
  for (const part of parts) {
    if (!task.isWanted() || bytes > MAX_CONVERTED_BYTES) break;
    const result = await convertOne(converter, task, part);
    if (result === null) continue;
    bytes += result.entry.payload.length;
    converted.push(result);
  }
  return converted;
}

/** As {@link convertAll}, but leaves out what cannot be converted, so that one bad entry does not end a reader that follows. */
export async function convertGood(
  converter: PayloadConverter,
  task: ConversionTask,
  parts: readonly LabelledEntry[],
): Promise<LabelledEntry[]> {
  const converted: LabelledEntry[] = [];
  for (const part of parts) {
    try {
      converted.push(...(await convertAll(converter, task, [part])));
    } catch (error) {
      if (!(error instanceof SluiceError) || !FAULTS_OF_THE_ENTRY.has(error.code)) throw error;
    }
  }
  return converted;
}

async function convertOne(
  converter: PayloadConverter,
  { input, output, client }: ConversionTask,
  { label, entry }: LabelledEntry,
): Promise<LabelledEntry | null> {
  const payload = await converter.convert({ sid: label, payload: entry.payload, input, output, client });
  return payload === null ? null : { label, entry: { ...entry, payload } };
}
