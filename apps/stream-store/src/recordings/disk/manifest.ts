import { createReadStream } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type EntryId } from '@sluice/wire';
import { MANIFEST, SIDE_FOLDER } from './layout.js';

/** One thing that happened to a recording. */
export type ManifestLine =
  | { readonly type: 'started'; readonly at: string; readonly by: string }
  | { readonly type: 'resumed'; readonly at: string }
  | {
      readonly type: 'stream';
      readonly sid: string;
      readonly folder: string;
      /** Recorded strictly after this entry. */
      readonly after: EntryId;
      /** The stream's metadata as JSON text; null when it had none. */
      readonly meta: string | null;
    }
  /** Entries that were trimmed or given up before they were written; `lost` null: an unknown number. */
  | {
      readonly type: 'gap';
      readonly sid: string;
      readonly after: EntryId;
      readonly next: EntryId | null;
      readonly lost: number | null;
      readonly reason: string;
    }
  | { readonly type: 'reset'; readonly sid: string; readonly after: EntryId; readonly next: EntryId }
  | { readonly type: 'stopped'; readonly at: string; readonly reason: string | null };

/** Adds lines to a recording's manifest. @throws Error of the file system */
export async function appendManifest(folder: string, lines: readonly ManifestLine[]): Promise<void> {
  await mkdir(join(folder, SIDE_FOLDER), { recursive: true });
  await appendFile(manifestPath(folder), lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { flush: true });
}

/** The lines of a manifest, one after another; none where there is no manifest. What is no line of one is passed over. */
export async function* readManifest(folder: string): AsyncGenerator<ManifestLine> {
  for await (const line of readLines(manifestPath(folder))) {
    const parsed = parse(line);
    if (parsed !== null) yield parsed;
  }
}

/** Lines of a text file; none when it is missing. */
export async function* readLines(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path);
  const failed = new Promise<never>((_resolve, reject) => stream.once('error', reject));
  const opened = new Promise((resolve) => stream.once('open', resolve));
  try {
    await Promise.race([opened, failed]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  failed.catch(() => undefined);
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  } finally {
    stream.destroy();
  }
}

function manifestPath(folder: string): string {
  return join(folder, SIDE_FOLDER, MANIFEST);
}

function parse(line: string): ManifestLine | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as ManifestLine) : null;
  } catch {
    return null;
  }
}
