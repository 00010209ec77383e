import { rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type LogEntry } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { type OpenPart, type PartFile } from '../disk/part-file.js';
import { directory, directoryBytes, idOfMember, localHeader, memberEnd, memberName, type ZipMember } from './format.js';

/** A zip is finished once it has so many members … */
const MAX_MEMBERS = 1000;
/** … or bytes, whichever comes first; as the original's recorder does. */
const MAX_BYTES = 9_500_000;
/** Payloads below this are copied behind their headers, so that a batch of them is a few pieces. */
const COPY_BELOW_BYTES = 4096;
/** Room that is left beside the directory when a disk is full. */
const SLACK_BYTES = 8192;

/**
 * One zip while it is written, under the name of a part. Members are appended with their sizes and checksums before them, so whatever
 * is whole of it can be recovered after a crash; `seal` adds the directory and gives it its name.
 */
export class PartWriter {
  private members: ZipMember[] = [];
  private end = 0;

  private constructor(
    readonly path: string,
    private readonly file: PartFile,
  ) {}

  /** @throws Error of the file system */
  static async create(path: string, openPart: OpenPart): Promise<PartWriter> {
    return new PartWriter(path, await openPart(path));
  }

  get isFull(): boolean {
    return this.members.length >= MAX_MEMBERS || this.end >= MAX_BYTES;
  }

  get isEmpty(): boolean {
    return this.members.length === 0;
  }

  /** First and last entry. */
  get range(): readonly [EntryId, EntryId] {
    const [first, last] = [this.members[0]?.name ?? '', this.members.at(-1)?.name ?? ''];
    return [idOfMember(first) ?? first, idOfMember(last) ?? last];
  }

  /**
   * Appends the first of some entries, as many as the zip takes, and returns how many those are. When that fails, the zip is as it was before.
   * @throws Error of the file system
   */
  async append(entries: readonly LogEntry[]): Promise<number> {
    const pieces: Uint8Array[] = [];
    const added: ZipMember[] = [];
    let offset = this.end;
    for (const { id, payload } of entries) {
      if (this.members.length + added.length >= MAX_MEMBERS || (offset >= MAX_BYTES && offset > 0)) break;
      const member = { name: memberName(id), bytes: payload.length, crc: crc32(payload), offset };
      const header = localHeader(member);
      if (payload.length < COPY_BELOW_BYTES) pieces.push(Buffer.concat([header, payload]));
      else pieces.push(header, payload);
      added.push(member);
      offset = memberEnd(member);
    }
    await this.write(pieces);
    for (const member of added) this.members.push(member);
    this.end = offset;
    return added.length;
  }

  /**
   * Finishes the zip and gives it its name, once the disk has all of it.
   * @throws Error of the file system; it may be called again
   */
  async seal(path: string): Promise<void> {
    await this.write([directory(this.members, this.end)]);
    await this.file.sync();
    await this.file.close();
    await rename(this.path, path);
  }

  /** On a full disk: gives up the last members until the directory fits. Returns how many; the zip may be empty then. */
  async makeRoom(): Promise<number> {
    const before = this.members.length;
    let needed = directoryBytes(this.members) + SLACK_BYTES;
    while (needed > 0 && this.members.length > 0) {
      const last = this.members.pop() as ZipMember;
      needed -= memberEnd(last) - last.offset;
      this.end = last.offset;
    }
    await this.file.truncate(this.end);
    return before - this.members.length;
  }

  /** Gives the file up, with all that is in it. */
  async discard(): Promise<void> {
    await this.file.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }

  /** Leaves the file as it is, for whoever recovers it. */
  async abandon(): Promise<void> {
    await this.file.close().catch(() => undefined);
  }

  private async write(pieces: readonly Uint8Array[]): Promise<void> {
    if (pieces.length === 0) return;
    try {
      await this.file.append(pieces);
    } catch (error) {
      await this.file.truncate(this.end).catch(() => undefined);
      throw error;
    }
  }
}
