import { appendFile, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogEntry } from '@sluice/stream-log';
import { FIRST_ENTRY_ID, compareEntryIds, type EntryId } from '@sluice/wire';
import { type ManifestLine } from '../disk/manifest.js';
import { PART_SUFFIX, SIDE_FOLDER, chunkFile } from '../disk/layout.js';
import { type OpenPart } from '../disk/part-file.js';
import { PartWriter } from '../zip/part-writer.js';
import { HOLDER_TAG } from './lease.js';
import { type QueueMember } from './write-queue.js';
import { memberName } from '../zip/format.js';

/** What a stream's track needs of its recording. */
export interface TrackOwner {
  readonly folder: string;
  readonly openPart: OpenPart;
  /** Waits until this process may write; false: it may not any more. */
  isSure(): Promise<boolean>;
  /** Before the first entry of a stream is written. */
  describe(track: StreamTrack): Promise<ManifestLine>;
  note(lines: readonly ManifestLine[]): Promise<void>;
  /** Bytes that were handed over are written, or given up. */
  release(bytes: number): void;
  /** Before it opens a file: others close theirs where there are too many. */
  opening(track: StreamTrack): Promise<void>;
  /** Nothing more can be written. */
  fail(error: unknown): void;
}

type Item = { readonly entries: readonly LogEntry[]; readonly bytes: number } | { readonly notice: ManifestLine };

/** One stream of a recording on its way to the disk. */
export class StreamTrack implements QueueMember {
  /** Written up to this entry. */
  position: EntryId;
  /** Nothing after this entry is written; null: no end yet. */
  stopAt: EntryId | null = null;
  /** It cannot be followed any more. */
  isOver = false;
  /** What is being written is finished in its next turn. */
  isSealDue = false;
  private items: Item[] = [];
  private part: PartWriter | null = null;
  private partSinceMs = 0;
  private isDescribed: boolean;
  private hasFailed = false;
  /** Up to here entries are in finished zips. */
  private sealedUpTo: EntryId;

  constructor(
    readonly key: string,
    readonly sid: string,
    /** Name of its folder in the recording. */
    readonly folder: string,
    after: EntryId,
    private readonly owner: TrackOwner,
    isKnown: boolean,
  ) {
    this.position = after;
    this.sealedUpTo = after;
    this.isDescribed = isKnown;
  }

  /** When the zip that is being written was begun, by the monotonic clock; null when there is none. */
  get openSinceMs(): number | null {
    return this.part === null ? null : this.partSinceMs;
  }

  /** Entries in the order of the log. The caller adds the track to the queue. */
  take(entries: readonly LogEntry[], bytes: number): void {
    this.items.push({ entries, bytes });
  }

  /** A loss or a reset, told before the entries that follow it. */
  tell(notice: ManifestLine): void {
    this.items.push({ notice });
  }

  async writeOut(): Promise<void> {
    const items = this.items.splice(0);
    for (const item of items) {
      try {
        if (!this.hasFailed && (await this.owner.isSure())) await this.write(item);
      } catch (error) {
        this.hasFailed = true;
        this.owner.fail(error);
      }
      if ('bytes' in item) this.owner.release(item.bytes);
    }
    if (!this.isSealDue) return;
    this.isSealDue = false;
    try {
      if (!this.hasFailed && (await this.owner.isSure())) await this.seal();
    } catch (error) {
      this.hasFailed = true;
      this.owner.fail(error);
    }
  }

  /** Finishes the zip that is being written. @throws Error of the file system */
  async seal(): Promise<void> {
    const { part } = this;
    if (part === null) return;
    if (part.isEmpty) await part.discard();
    else await part.seal(this.path(chunkFile(...part.range)));
    this.part = null;
    this.sealedUpTo = this.position;
    await syncFolder(this.path());
  }

  /** On a full disk: finishes the zip with as many of its entries as fit. Returns how many were given up. */
  async sealWithin(): Promise<number> {
    let given = 0;
    for (let attempts = 0; this.part !== null; attempts += 1) {
      try {
        await this.seal();
      } catch (error) {
        if (attempts > 20 || this.part === null) throw error;
        given += await this.part.makeRoom();
        this.position = this.part.isEmpty ? this.sealedUpTo : this.part.range[1];
      }
    }
    return given;
  }

  /** Leaves what is being written to whoever recovers it. */
  async abandon(): Promise<void> {
    const { part } = this;
    this.part = null;
    this.hasFailed = true;
    await part?.abandon();
  }

  private async write(item: Item): Promise<void> {
    if ('notice' in item) {
      await this.owner.note([item.notice]);
      if (item.notice.type !== 'reset') return;
      // The stream begins anew, with ids that may be lower.
      await this.seal();
      this.position = FIRST_ENTRY_ID;
      return;
    }
    const { stopAt } = this;
    let rest = item.entries.filter(
      ({ id }) => compareEntryIds(id, this.position) > 0 && (stopAt === null || compareEntryIds(id, stopAt) <= 0),
    );
    if (rest.length > 0) await this.prepare(rest);
    while (rest.length > 0) {
      const part = (this.part ??= await this.begin(rest[0] as LogEntry));
      const count = await appendSome(part, rest);
      if (count > 0) this.position = (rest[count - 1] as LogEntry).id;
      rest = rest.slice(count);
      if (part.isFull) await this.seal();
    }
  }

  private async prepare(entries: readonly LogEntry[]): Promise<void> {
    if (!this.isDescribed) {
      await mkdir(this.path(), { recursive: true });
      await this.owner.note([await this.owner.describe(this)]);
      this.isDescribed = true;
    }
    const lines = entries.filter(({ fields }) => fields !== undefined && fields.length > 0).map(fieldsLine);
    if (lines.length === 0) return;
    await appendFile(join(this.owner.folder, SIDE_FOLDER, `${this.folder}.fields.jsonl`), lines.join(''));
  }

  private async begin({ id }: LogEntry): Promise<PartWriter> {
    await this.owner.opening(this);
    this.partSinceMs = performance.now();
    const path = this.path(`${memberName(id)}.${HOLDER_TAG}${PART_SUFFIX}`);
    try {
      return await PartWriter.create(path, this.owner.openPart);
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  private path(file = ''): string {
    return join(this.owner.folder, this.folder, file);
  }
}

/** Appends as many as the zip takes; on a disk that is all but full, as many as the disk takes. @throws Error when it takes none */
async function appendSome(part: PartWriter, entries: readonly LogEntry[]): Promise<number> {
  for (let count = entries.length; ; count = Math.ceil(count / 2)) {
    try {
      return await part.append(entries.slice(0, count));
    } catch (error) {
      if (count === 1) throw error;
    }
  }
}

function fieldsLine({ id, fields }: LogEntry): string {
  const values = (fields ?? []).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  return `${JSON.stringify({ id, fields: values })}\n`;
}

/** Makes the names of a folder as lasting as its files. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
