import { SluiceError } from '@sluice/contracts';
import { compareEntryIds, type EntryId } from '@sluice/wire';
import { fromFdPromise, type Entry, type ZipFile } from 'yauzl';
import { idOfMember } from './format.js';

/** One entry in a zip. */
export interface IndexedEntry {
  readonly id: EntryId;
  readonly bytes: number;
  readonly storedBytes: number;
  readonly crc: number;
  readonly isDeflated: boolean;
  /** Where its local header begins. */
  readonly offset: number;
}

/** Entries of one zip; single files of long recordings have far more than those written here. */
const MAX_ENTRIES = 200_000;
/** Largest entry: what a Redis that was not told otherwise takes. */
const MAX_ENTRY_BYTES = 512 * 1024 * 1024;
/** Largest sum of what the entries say they unpack to. */
const MAX_UNPACKED_BYTES = 16 * 1024 ** 3;
/** No DEFLATE stream unpacks to more than 1032 times its size. */
const MAX_RATIO = 1032;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;

/**
 * Reads the directory of a zip: its entries in the order of their ids. What a directory says is not believed: names are ids, no member
 * lies over another one, nothing unpacks to more than DEFLATE can give.
 * @param what how messages name the file
 * @throws SluiceError `RECORDING_DAMAGED` for a file that is no such zip
 */
export async function readZipIndex(fd: number, what: string): Promise<IndexedEntry[]> {
  try {
    return await gather(await fromFdPromise(fd, { autoClose: false, lazyEntries: true, strictFileNames: true }), what);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('RECORDING_DAMAGED', `${what}: ${(error as Error).message}`, { cause: error });
  }
}

async function gather(zip: ZipFile, what: string): Promise<IndexedEntry[]> {
  if (zip.entryCount > MAX_ENTRIES) throw damaged(what, `has ${zip.entryCount} members, more than ${MAX_ENTRIES}`);
  const entries: IndexedEntry[] = [];
  let stored = 0;
  let unpacked = 0;
  for await (const member of zip.eachEntry()) {
    const entry = toEntry(member, what);
    stored += entry.storedBytes;
    unpacked += entry.bytes;
    if (stored > zip.fileSize) throw damaged(what, 'has members that lie over one another');
    if (unpacked > MAX_UNPACKED_BYTES) throw damaged(what, `unpacks to more than ${MAX_UNPACKED_BYTES} bytes`);
    entries.push(entry);
  }
  return entries.sort((a, b) => compareEntryIds(a.id, b.id));
}

function toEntry(member: Entry, what: string): IndexedEntry {
  const { fileName, compressionMethod: method, uncompressedSize: bytes, compressedSize: storedBytes } = member;
  const id = idOfMember(fileName);
  const name = JSON.stringify(fileName.slice(0, 80));
  if (id === null) throw damaged(what, `has the member ${name}, which is no entry id`);
  if (method !== 0 && method !== DEFLATED) throw damaged(what, `keeps ${name} by the unknown method ${method}`);
  if ((member.generalPurposeBitFlag & ENCRYPTED_FLAG) !== 0) throw damaged(what, `keeps ${name} encrypted`);
  if (bytes > MAX_ENTRY_BYTES) throw damaged(what, `says that ${name} has ${bytes} bytes`);
  if (method === 0 ? bytes !== storedBytes : bytes > storedBytes * MAX_RATIO + MAX_RATIO) {
    throw damaged(what, `says that ${storedBytes} bytes of ${name} unpack to ${bytes}`);
  }
  const { crc32: crc, relativeOffsetOfLocalHeader: offset } = member;
  return { id, bytes, storedBytes, crc, isDeflated: method === DEFLATED, offset };
}

function damaged(what: string, problem: string): SluiceError {
  return new SluiceError('RECORDING_DAMAGED', `${what} ${problem}`);
}
