import { open, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { SluiceError } from '@sluice/contracts';
import { type EntryId } from '@sluice/wire';
import { LOCAL_HEADER_BYTES, LOCAL_SIGNATURE } from './format.js';
import { readZipIndex, type IndexedEntry } from './zip-index.js';

const inflate = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw);
/** Read at once: many small entries, or one large one. */
const WINDOW_BYTES = 256 * 1024;
/** Most that the local header of a member may be beside its bytes: name and extra field of 64 KiB each. */
const MAX_HEADER_BYTES = LOCAL_HEADER_BYTES + 2 * 65_535;

/** An entry as a zip holds it. */
export interface ZippedEntry {
  readonly id: EntryId;
  readonly payload: Buffer;
}

/** Reads the entries of one zip one after another, a window of the file at a time. */
export class ZipReader {
  private window: Buffer = Buffer.alloc(0);
  private windowStart = 0;

  private constructor(
    private readonly file: FileHandle,
    private readonly what: string,
    /** In the order of their ids. */
    readonly entries: readonly IndexedEntry[],
  ) {}

  /** @throws SluiceError `RECORDING_DAMAGED`, `RECORDING_NOT_FOUND` when it is gone; Error of the file system */
  static async open(path: string, what: string): Promise<ZipReader> {
    const file = await open(path, 'r').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new SluiceError('RECORDING_NOT_FOUND', `${what} was moved or deleted while it was read`, { cause: error });
    });
    try {
      return new ZipReader(file, what, await readZipIndex(file.fd, what));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The bytes of one entry, whose checksum fits. @throws SluiceError `RECORDING_DAMAGED` */
  async read(entry: IndexedEntry): Promise<ZippedEntry> {
    const head = await this.take(entry.offset, LOCAL_HEADER_BYTES, entry.storedBytes + 256);
    if (head.readUInt32LE(0) !== LOCAL_SIGNATURE) throw this.damaged(entry, 'does not begin where the directory says');
    const headerBytes = LOCAL_HEADER_BYTES + head.readUInt16LE(26) + head.readUInt16LE(28);
    if (headerBytes > MAX_HEADER_BYTES) throw this.damaged(entry, 'has a header that is too long');
    const stored = await this.take(entry.offset + headerBytes, entry.storedBytes, 0);
    const payload = entry.isDeflated ? await this.inflate(entry, stored) : stored;
    if (payload.length !== entry.bytes) throw this.damaged(entry, `has ${payload.length} bytes, not ${entry.bytes}`);
    if (crc32(payload) !== entry.crc) throw this.damaged(entry, 'does not fit its checksum');
    return { id: entry.id, payload };
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async inflate(entry: IndexedEntry, stored: Buffer): Promise<Buffer> {
    try {
      return await inflate(stored, { maxOutputLength: Math.max(1, entry.bytes) });
    } catch (error) {
      throw this.damaged(entry, `cannot be unpacked: ${(error as Error).message}`);
    }
  }

  /** A view of the file; the window is never written again, so that it may be kept. */
  private async take(from: number, bytes: number, more: number): Promise<Buffer> {
    const isInside = from >= this.windowStart && from + bytes <= this.windowStart + this.window.length;
    if (!isInside) {
      const wanted = Math.max(WINDOW_BYTES, bytes + more);
      const { buffer, bytesRead } = await this.file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, from);
      if (bytesRead < bytes) throw new SluiceError('RECORDING_DAMAGED', `${this.what} ends within an entry`);
      this.window = buffer.subarray(0, bytesRead);
      this.windowStart = from;
    }
    const start = from - this.windowStart;
    return this.window.subarray(start, start + bytes);
  }

  private damaged({ id }: IndexedEntry, problem: string): SluiceError {
    return new SluiceError('RECORDING_DAMAGED', `${this.what}: entry ${id} ${problem}`);
  }
}
