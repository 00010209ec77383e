import { randomUUID } from 'node:crypto';
import { type Dirent, type Stats } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { StoreConfig } from '../../config.js';
import { INCOMING, SECTIONS, TRASH, ZIP_SUFFIX, assertFileName, sidOfFolder, type Section } from './layout.js';
import { readManifest } from './manifest.js';

/** A stream of a recording on disk. */
export interface RecordedStream {
  readonly sid: string;
  /** Its folder, or the one zip that holds all of it. */
  readonly path: string;
  readonly isFile: boolean;
}

/** What was left behind by a process that was killed is removed when it is so old. */
const STALE_MS = 24 * 60 * 60 * 1000;
/** Streams of one recording. */
export const MAX_STREAMS = 20_000;

/** The folders that recordings lie in. Nothing outside of them is ever read, not by links either. */
@Injectable()
export class RecordingFolders {
  private readonly root: string;

  constructor({ recordings }: StoreConfig) {
    this.root = recordings.path;
  }

  /** Makes them. Called before anything is written. @throws Error of the file system */
  async prepare(): Promise<void> {
    for (const folder of [...SECTIONS, TRASH, INCOMING]) await mkdir(join(this.root, folder), { recursive: true });
  }

  /** Removes what was left behind. @throws Error of the file system */
  async clean(): Promise<void> {
    for (const folder of [TRASH, INCOMING]) await this.removeStale(join(this.root, folder));
  }

  /** Folder of a recording whose name was checked. */
  path(section: Section, name: string): string {
    return join(this.root, section, name);
  }

  /** A path for something that is not finished; a rename brings it to its place. */
  incoming(): string {
    return join(this.root, INCOMING, randomUUID());
  }

  /** Names of the recordings of a section, sorted. */
  async list(section: Section): Promise<string[]> {
    const found = await entriesOf(join(this.root, section));
    const names = found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names.filter((name) => !name.startsWith('.')).sort();
  }

  /** Whether a section has a recording; a link is none. */
  async has(section: Section, name: string): Promise<boolean> {
    return (await lstatOf(this.path(section, name)))?.isDirectory() ?? false;
  }

  /** Streams of a recording, sorted by their folders; none where there is no such recording. */
  async streams(section: Section, name: string): Promise<RecordedStream[]> {
    const folder = this.path(section, name);
    const streams: RecordedStream[] = [];
    let longNames: Map<string, string> | null = null;
    for (const entry of (await entriesOf(folder)).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || streams.length >= MAX_STREAMS) continue;
      const isFile = entry.isFile() && entry.name.endsWith(ZIP_SUFFIX);
      if (!isFile && !entry.isDirectory()) continue;
      const base = isFile ? entry.name.slice(0, -ZIP_SUFFIX.length) : entry.name;
      let sid = sidOfFolder(base);
      if (sid === null) sid = (longNames ??= await this.longNames(folder)).get(base) ?? base;
      streams.push({ sid, path: join(folder, entry.name), isFile });
    }
    return streams;
  }

  /**
   * The real path of a file below a recording.
   * @param parts parts of its path below the section: the recording's name first
   * @throws SluiceError `INVALID_NAME` for parts that are none, `RECORDING_NOT_FOUND` for what is no file in there
   */
  async fileWithin(
    section: Section,
    parts: readonly string[],
  ): Promise<{ readonly path: string; readonly stats: Stats }> {
    for (const part of parts) assertFileName(part);
    const base = join(this.root, section);
    try {
      const [within, path] = await Promise.all([realpath(base), realpath(join(base, ...parts))]);
      const stats = await stat(path);
      if (path.startsWith(within + sep) && stats.isFile()) return { path, stats };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    throw new SluiceError('RECORDING_NOT_FOUND', `there is no file ${JSON.stringify(parts.join('/'))}`);
  }

  /** Moves a recording; false where it is not. @throws SluiceError `RECORDING_EXISTS` where the target is taken */
  async move(from: readonly [Section, string], to: readonly [Section, string]): Promise<boolean> {
    if (!(await this.has(...from))) return false;
    const target = this.path(...to);
    if ((await lstatOf(target)) !== null) throw new SluiceError('RECORDING_EXISTS', `${to[1]} already exists!`);
    await mkdir(dirname(target), { recursive: true });
    await rename(this.path(...from), target);
    return true;
  }

  /** Takes a recording out of a section, at once; the function returned deletes its files. */
  async discard(section: Section, name: string): Promise<() => Promise<void>> {
    const trash = join(this.root, TRASH, randomUUID());
    try {
      await rename(this.path(section, name), trash);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return () => rm(trash, { recursive: true, force: true });
  }

  /** Bytes that the disk still takes. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.root);
    return bavail * bsize;
  }

  private async longNames(folder: string): Promise<Map<string, string>> {
    const names = new Map<string, string>();
    for await (const line of readManifest(folder)) {
      if (line.type === 'stream' && sidOfFolder(line.folder) === null) names.set(line.folder, line.sid);
    }
    return names;
  }

  private async removeStale(folder: string): Promise<void> {
    for (const { name } of await entriesOf(folder)) {
      const path = join(folder, name);
      const stats = await lstatOf(path);
      if (stats !== null && Date.now() - stats.mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true });
    }
  }
}

/** What a folder holds; nothing where it is missing or no folder. */
export async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function lstatOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '');
}
