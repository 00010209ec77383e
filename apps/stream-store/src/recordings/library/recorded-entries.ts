import { access } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SluiceError } from '@sluice/contracts';
import { compareEntryIds, entryTimeMs, type EntryId } from '@sluice/wire';
import { SIDE_FOLDER, chunksAmong, type ChunkName } from '../disk/layout.js';
import { entriesOf, type RecordedStream } from '../disk/recording-folders.js';
import { readLines } from '../disk/manifest.js';
import { ZipReader } from '../zip/zip-reader.js';
import { mergeById } from './merge.js';

type Fields = readonly (readonly [name: string, value: Uint8Array])[];

/** One entry of a recording. */
export interface RecordedEntry {
  readonly id: EntryId;
  readonly payload: Buffer;
  readonly fields: Fields | null;
}

/** Times of entries, in milliseconds, both inclusive. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The entries of a recorded stream in the order of their ids, each once, a part of a file in memory at a time.
 * @throws SluiceError `RECORDING_DAMAGED` where a file is no zip of entries, `RECORDING_NOT_FOUND` when it is gone
 */
export async function* readRecorded(stream: RecordedStream, range: TimeRange): AsyncGenerator<RecordedEntry> {
  const fields = new FieldsReader(stream);
  try {
    for await (const { entry } of mergeGroups(stream, range)) {
      yield { ...entry, fields: await fields.of(entry.id) };
    }
  } finally {
    await fields.close();
  }
}

type Zipped = Omit<RecordedEntry, 'fields'>;

/** Zips whose entries lie between one another are read together, as those of a stream that was made anew. */
async function* mergeGroups(stream: RecordedStream, range: TimeRange): AsyncGenerator<{ readonly entry: Zipped }> {
  if (stream.isFile) return yield* mergeById([readZip(stream.path, stream.sid, range)]);
  const chunks = chunksAmong((await entriesOf(stream.path)).map(({ name }) => name));
  if (chunks.length === 0) await assertThere(stream);
  for (const group of overlapping(chunks)) {
    const isBefore = group.every(({ last }) => entryTimeMs(last) < range.fromMs);
    if (isBefore) continue;
    if (group.every(({ first }) => entryTimeMs(first) > range.toMs)) return;
    yield* mergeById(group.map(({ file }) => readZip(join(stream.path, file), `${stream.sid}/${file}`, range)));
  }
}

/** What is gone must not look like what has nothing. @throws SluiceError `RECORDING_NOT_FOUND` */
async function assertThere({ path, sid }: RecordedStream): Promise<void> {
  try {
    await access(path);
  } catch (cause) {
    throw new SluiceError('RECORDING_NOT_FOUND', `${sid} was moved or deleted while it was read`, { cause });
  }
}

/** Zips in order, those together whose ranges touch. */
function overlapping(chunks: readonly ChunkName[]): ChunkName[][] {
  const groups: ChunkName[][] = [];
  let end: EntryId | null = null;
  for (const chunk of chunks) {
    if (end !== null && compareEntryIds(chunk.first, end) <= 0) groups.at(-1)?.push(chunk);
    else groups.push([chunk]);
    if (end === null || compareEntryIds(chunk.last, end) > 0) end = chunk.last;
  }
  return groups;
}

async function* readZip(path: string, what: string, { fromMs, toMs }: TimeRange): AsyncGenerator<Zipped> {
  const zip = await ZipReader.open(path, what);
  try {
    for (const indexed of zip.entries) {
      const time = entryTimeMs(indexed.id);
      if (time < fromMs) continue;
      if (time > toMs) return;
      yield await zip.read(indexed);
    }
  } finally {
    await zip.close();
  }
}

/** Fields beside `d`, which stand in a file of their own in the order of their entries. */
class FieldsReader {
  private readonly lines: AsyncGenerator<string>;
  private next: { readonly id: EntryId; readonly fields: Fields } | null = null;
  private isOver = false;

  constructor({ path, isFile }: RecordedStream) {
    this.lines = readLines(join(dirname(path), SIDE_FOLDER, `${basename(path)}.fields.jsonl`));
    this.isOver = isFile;
  }

  /** Of an entry; asked for in ascending order. Lines that were written twice, around a crash, count once. */
  async of(id: EntryId): Promise<Fields | null> {
    while (!this.isOver && (this.next === null || compareEntryIds(this.next.id, id) < 0)) await this.advance();
    return this.next !== null && this.next.id === id ? this.next.fields : null;
  }

  async close(): Promise<void> {
    await this.lines.return(undefined);
  }

  private async advance(): Promise<void> {
    const { value, done } = await this.lines.next();
    if (done === true) {
      this.isOver = true;
      return;
    }
    this.next = parseFields(value) ?? this.next;
  }
}

function parseFields(line: string): { readonly id: EntryId; readonly fields: Fields } | null {
  try {
    const { id, fields } = JSON.parse(line) as { id: EntryId; fields: [string, string][] };
    return { id, fields: fields.map(([name, value]) => [name, Buffer.from(value, 'base64')] as const) };
  } catch {
    return null;
  }
}
