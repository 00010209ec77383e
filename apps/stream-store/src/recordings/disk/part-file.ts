import { open, type FileHandle } from 'node:fs/promises';

/** A file that is being written; the seam at which tests make a disk slow or full. */
export interface PartFile {
  /** Appends all of it. @throws Error of the file system; how much was written is then unknown */
  append(pieces: readonly Uint8Array[]): Promise<void>;
  /** Cuts it; what is appended next stands there. */
  truncate(bytes: number): Promise<void>;
  /** Resolves when the disk has it. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Makes files to be written; an existing one is emptied. */
export type OpenPart = (path: string) => Promise<PartFile>;

/** Pieces of one system call. */
const MAX_PIECES = 1024;

/** Opens a file of the real disk. */
export const openPart: OpenPart = async (path) => new DiskFile(await open(path, 'w', 0o640));

class DiskFile implements PartFile {
  private end = 0;

  constructor(private readonly handle: FileHandle) {}

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    let left = [...pieces];
    while (left.length > 0) {
      const { bytesWritten } = await this.handle.writev(left.slice(0, MAX_PIECES), this.end);
      this.end += bytesWritten;
      left = without(left, bytesWritten);
    }
  }

  async truncate(bytes: number): Promise<void> {
    await this.handle.truncate(bytes);
    this.end = bytes;
  }

  async sync(): Promise<void> {
    await this.handle.datasync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** What is left of the pieces when so many of their bytes are written. */
function without(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let rest = bytes;
  for (const [at, piece] of pieces.entries()) {
    if (rest < piece.length) return [piece.subarray(rest), ...pieces.slice(at + 1)];
    rest -= piece.length;
  }
  return [];
}
