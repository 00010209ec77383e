import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type EntryId } from '@sluice/wire';
import { PART_SUFFIX, SIDE_FOLDER, chunkFile, folderOfSid } from '../disk/layout.js';
import { openPart } from '../disk/part-file.js';
import { memberName } from '../zip/format.js';
import { PartWriter } from '../zip/part-writer.js';

interface Imported {
  readonly id: EntryId;
  readonly payload: Buffer;
}

/** One stream of an import: what was read of it and not written yet, and the zip it goes to. */
export class ImportTrack {
  readonly folder: string;
  last: EntryId | null = null;
  /** Of the entry that comes next, as text for the side file. */
  private fields: string | null = null;
  private entries: Imported[] = [];
  private lines: string[] = [];
  private part: PartWriter | null = null;

  constructor(
    private readonly root: string,
    readonly sid: string,
    /** JSON of the stream's metadata. */
    readonly meta: string | null,
  ) {
    this.folder = folderOfSid(sid);
  }

  /** Whether something waits to be written. */
  get hasEntries(): boolean {
    return this.entries.length > 0;
  }

  /** Whether a zip is being written. */
  get isOpen(): boolean {
    return this.part !== null;
  }

  add(id: EntryId, payload: Buffer): void {
    if (this.fields !== null) this.lines.push(`{"id":${JSON.stringify(id)},"fields":${this.fields}}\n`);
    this.fields = null;
    this.entries.push({ id, payload });
    this.last = id;
  }

  addFields(json: string): void {
    this.fields = json;
  }

  /** @throws Error of the file system */
  async write(): Promise<void> {
    let entries = this.entries.splice(0);
    const lines = this.lines.splice(0);
    if (lines.length > 0) await appendFile(join(this.root, SIDE_FOLDER, `${this.folder}.fields.jsonl`), lines.join(''));
    while (entries.length > 0) {
      const part = (this.part ??= await this.begin((entries[0] as Imported).id));
      entries = entries.slice(await part.append(entries));
      if (part.isFull) await this.seal();
    }
  }

  /** @throws Error of the file system */
  async seal(): Promise<void> {
    const { part } = this;
    this.part = null;
    await part?.seal(join(this.root, this.folder, chunkFile(...part.range)));
  }

  /** Lets go of the file; its folder is removed by the caller. */
  async abandon(): Promise<void> {
    await this.part?.abandon();
  }

  private async begin(id: EntryId): Promise<PartWriter> {
    const folder = join(this.root, this.folder);
    await mkdir(folder, { recursive: true });
    return PartWriter.create(join(folder, memberName(id) + PART_SUFFIX), openPart);
  }
}
