import { createHash } from 'node:crypto';
import { SluiceError } from '@sluice/contracts';
import { assertName, compareEntryIds, quoteValue, type EntryId } from '@sluice/wire';
import { refusing } from '../../streams/refusing.js';
import { idOfMember, memberName } from '../zip/format.js';

/*
 * What lies below the folder of recordings; the first four are the original's.
 *
 * | path                                         | content                                                          |
 * |----------------------------------------------|------------------------------------------------------------------|
 * | raw/<rec>/<stream>/<firstId>_<lastId>.zip    | entries of a stream: stored members named by their ids           |
 * | raw/<rec>/<stream>.zip                       | the same in one file, as the original's older recordings have it |
 * | raw/<rec>/<stream>/<holder>.part             | a zip that is being written                                      |
 * | raw/<rec>/.sluice/manifest.jsonl             | what happened to the recording: streams, gaps, its end           |
 * | raw/<rec>/.sluice/<stream>.fields.jsonl      | fields of entries beside `d`                                     |
 * | post/<rec>/<file>                            | files made of a recording, and uploads                           |
 * | raw_hidden, post_hidden                      | the same for hidden recordings                                   |
 * | .trash, .incoming                            | what is being deleted, uploaded or imported                      |
 */

/** Folders of recordings: visible and hidden ones, as recorded and as worked on. */
export type Section = 'raw' | 'post' | 'raw_hidden' | 'post_hidden';

export const SECTIONS: readonly Section[] = ['raw', 'post', 'raw_hidden', 'post_hidden'];
export const TRASH = '.trash';
export const INCOMING = '.incoming';
/** Folder of a recording that holds what the original's layout has no place for. */
export const SIDE_FOLDER = '.sluice';
export const MANIFEST = 'manifest.jsonl';
export const PART_SUFFIX = '.part';
export const ZIP_SUFFIX = '.zip';

/** Names that are routes. */
const RESERVED = new Set([
  'current',
  'start',
  'stop',
  'cache',
  'static',
  'upload',
  'replay',
  'raw',
  'undefined',
  'null',
]);
const MAX_FILE_NAME_BYTES = 200;
/** A folder that stands for a name too long to be one; the manifest says which. */
const LONG_NAME = '%~';

/**
 * Checks the name of a recording: a file name without a path, that no route is called by and no system treats in its own way.
 * @throws SluiceError `INVALID_NAME`
 */
export function assertRecordingName(name: string): string {
  refusing(() => assertName(name, 'name of a recording'));
  if (RESERVED.has(name)) throw refused(name, 'is reserved');
  return assertFileName(name, 'name of a recording');
}

/** Checks one part of a path below a recording. @throws SluiceError `INVALID_NAME` */
export function assertFileName(name: string, what = 'file name'): string {
  refusing(() => assertName(name, what));
  if (/[/\\]/.test(name)) throw refused(name, 'has a slash', what);
  if (name.startsWith('.')) throw refused(name, 'begins with a dot', what);
  if (Buffer.byteLength(name) > MAX_FILE_NAME_BYTES)
    throw refused(name, `is longer than ${MAX_FILE_NAME_BYTES} bytes`, what);
  return name;
}

/** Folder of a stream in a recording: its name, with what no file name has written as `%` and hexadecimal digits. */
export function folderOfSid(sid: string): string {
  const escaped = sid.replace(/^\.|[%/\\]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  if (Buffer.byteLength(escaped) <= MAX_FILE_NAME_BYTES) return escaped;
  return LONG_NAME + createHash('sha256').update(sid).digest('hex').slice(0, 40);
}

/** The stream that a folder holds; null for one whose name was too long. */
export function sidOfFolder(folder: string): string | null {
  if (folder.startsWith(LONG_NAME)) return null;
  return folder.replace(/%([0-9A-F]{2})/g, (_match, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** A finished zip in the folder of a stream. */
export interface ChunkName {
  readonly file: string;
  readonly first: EntryId;
  readonly last: EntryId;
}

/** File name of a zip by its first and last entry. */
export function chunkFile(first: EntryId, last: EntryId): string {
  return `${memberName(first)}_${memberName(last)}${ZIP_SUFFIX}`;
}

/** The zips among the files of a stream, in the order of their entries. */
export function chunksAmong(files: readonly string[]): ChunkName[] {
  const chunks: ChunkName[] = [];
  for (const file of files) {
    const match = /^([^_]+)_([^_]+)\.zip$/.exec(file);
    const [first, last] = [idOfMember(match?.[1] ?? ''), idOfMember(match?.[2] ?? '')];
    if (first !== null && last !== null) chunks.push({ file, first, last });
  }
  return chunks.sort((a, b) => compareEntryIds(a.first, b.first) || compareEntryIds(a.last, b.last));
}

function refused(name: string, problem: string, what = 'name of a recording'): SluiceError {
  return new SluiceError('INVALID_NAME', `${what} ${quoteValue(name)} ${problem}`);
}
