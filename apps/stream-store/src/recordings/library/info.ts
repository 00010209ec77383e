import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareEntryIds, entryTimeMs, type EntryId } from '@sluice/wire';
import { chunksAmong } from '../disk/layout.js';
import { entriesOf, type RecordedStream, type RecordingFolders } from '../disk/recording-folders.js';
import { readManifest } from '../disk/manifest.js';
import { ZipReader } from '../zip/zip-reader.js';
import { formatDuration, formatTime } from './times.js';

/** Times of a stream or of a recording; null where it has no entry. */
interface Span {
  readonly duration: string;
  readonly duration_secs: number;
  readonly 'first-entry': EntryId | null;
  readonly 'last-entry': EntryId | null;
  readonly 'first-entry-time': string | null;
  readonly 'last-entry-time': string | null;
}

/** Facts of one recorded stream. */
interface StreamFacts extends Span {
  /** Zips. */
  readonly chunk_count: number;
  /** In units of 1024 × 1024 bytes. */
  readonly size_mb: number;
}

/** Facts of a recording, in the shape of the ptg dialect. */
export interface RecordingInfo extends Span {
  readonly name: string;
  readonly streams: Readonly<Record<string, StreamFacts>>;
  readonly size_mb: number;
  /** Names of the files made of it. */
  readonly files: readonly string[];
  /** Why it ended, where that was not by a stop. */
  readonly ended?: string;
}

/** Streams that the times of a recording leave out: calibration, written once. */
const TIMELESS = 'Cal';
const BYTES_PER_MB = 1024 * 1024;

/** Gathers the facts of a recording; one that is not there is empty. @throws Error of the file system */
export async function readInfo(folders: RecordingFolders, name: string): Promise<RecordingInfo> {
  const streams: Record<string, StreamFacts> = Object.create(null) as Record<string, StreamFacts>;
  const ranges: (readonly [EntryId, EntryId])[] = [];
  let megabytes = 0;
  for (const stream of await folders.streams('raw', name)) {
    const facts = await streamFacts(stream);
    streams[stream.sid] = facts;
    megabytes += facts.size_mb;
    const [first, last] = [facts['first-entry'], facts['last-entry']];
    if (first !== null && last !== null && !stream.sid.endsWith(TIMELESS)) ranges.push([first, last]);
  }
  const files = (await entriesOf(folders.path('post', name))).filter((entry) => entry.isFile());
  const ended = await endOf(folders.path('raw', name));
  return {
    name,
    streams,
    size_mb: megabytes,
    ...spanOf(ranges),
    files: files.map((file) => file.name).sort(),
    ...(ended === null ? {} : { ended }),
  };
}

/** First and last entry of a stream; null when it has none. @throws SluiceError `RECORDING_DAMAGED` */
export async function rangeOf(stream: RecordedStream): Promise<readonly [EntryId, EntryId] | null> {
  if (stream.isFile) {
    const zip = await ZipReader.open(stream.path, stream.sid);
    await zip.close();
    const [first, last] = [zip.entries[0], zip.entries.at(-1)];
    return first === undefined || last === undefined ? null : [first.id, last.id];
  }
  const chunks = chunksAmong((await entriesOf(stream.path)).map(({ name }) => name));
  const first = chunks[0];
  return first === undefined ? null : [first.first, chunks.map(({ last }) => last).reduce(later)];
}

async function streamFacts(stream: RecordedStream): Promise<StreamFacts> {
  const range = await rangeOf(stream).catch(() => null);
  const paths = stream.isFile
    ? [stream.path]
    : chunksAmong((await entriesOf(stream.path)).map(({ name }) => name)).map(({ file }) => join(stream.path, file));
  let bytes = 0;
  for (const path of paths) bytes += await sizeOf(path);
  return { chunk_count: paths.length, size_mb: bytes / BYTES_PER_MB, ...spanOf(range === null ? [] : [range]) };
}

function spanOf(ranges: readonly (readonly [EntryId, EntryId])[]): Span {
  if (ranges.length === 0) {
    const none = { 'first-entry': null, 'last-entry': null, 'first-entry-time': null, 'last-entry-time': null };
    return { duration: formatDuration(0), duration_secs: 0, ...none };
  }
  const first = ranges.map(([id]) => id).reduce((a, b) => (compareEntryIds(a, b) <= 0 ? a : b));
  const last = ranges.map(([, id]) => id).reduce(later);
  const seconds = (entryTimeMs(last) - entryTimeMs(first)) / 1000;
  return {
    duration: formatDuration(seconds),
    duration_secs: seconds,
    'first-entry': first,
    'last-entry': last,
    'first-entry-time': formatTime(entryTimeMs(first)),
    'last-entry-time': formatTime(entryTimeMs(last)),
  };
}

function later(a: EntryId, b: EntryId): EntryId {
  return compareEntryIds(a, b) >= 0 ? a : b;
}

async function endOf(folder: string): Promise<string | null> {
  let reason: string | null = null;
  for await (const line of readManifest(folder)) {
    if (line.type === 'stopped') ({ reason } = line);
    if (line.type === 'started' || line.type === 'resumed') reason = null;
  }
  return reason;
}

/** A file may go between the listing and the look at it. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
