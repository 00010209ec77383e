import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareEntryIds, type EntryId } from '@sluice/wire';
import { PART_SUFFIX, chunkFile, chunksAmong, folderOfSid } from '../disk/layout.js';
import { readManifest } from '../disk/manifest.js';
import { idOfMember } from '../zip/format.js';
import { recoverPart } from '../zip/recover.js';

/** What a recording has on disk before it goes on. */
export interface RecoveredRecording {
  /** Folders of streams that its manifest names. */
  readonly known: ReadonlySet<string>;
  /** The last entry of each folder. */
  readonly written: ReadonlyMap<string, EntryId>;
  /** Folders of streams that began anew since it was started, with ids that may be lower. */
  readonly rewound: ReadonlySet<string>;
}

/**
 * Makes whole what an earlier process left unfinished. Only whoever holds the recording's lease may.
 * @throws Error of the file system
 */
export async function recoverRecording(path: string): Promise<RecoveredRecording> {
  const known = new Set<string>();
  const written = new Map<string, EntryId>();
  const rewound = new Set<string>();
  for await (const line of readManifest(path)) {
    if (line.type === 'started') rewound.clear();
    if (line.type === 'stream') known.add(line.folder);
    if (line.type === 'reset') rewound.add(folderOfSid(line.sid));
  }
  for (const folder of known) {
    await recoverParts(join(path, folder));
    const last = await lastWritten(join(path, folder), rewound.has(folder));
    if (last !== null) written.set(folder, last);
  }
  return { known, written, rewound };
}

async function recoverParts(path: string): Promise<void> {
  const files = await readdir(path).catch((): string[] => []);
  for (const file of files.filter((name) => name.endsWith(PART_SUFFIX)).sort()) {
    await recoverPart(join(path, file), (members) => {
      const [first, last] = [members[0]?.name ?? '', members.at(-1)?.name ?? ''];
      return join(path, chunkFile(idOfMember(first) ?? first, idOfMember(last) ?? last));
    });
    await rm(join(path, file), { force: true });
  }
}

/** The last entry on disk: the highest one, or the latest where ids began anew. */
async function lastWritten(path: string, isRewound: boolean): Promise<EntryId | null> {
  const chunks = chunksAmong(await readdir(path).catch((): string[] => []));
  if (!isRewound) {
    const lasts = chunks.map(({ last }) => last);
    return lasts.sort(compareEntryIds).at(-1) ?? null;
  }
  let latest: { readonly last: EntryId; readonly at: number } | null = null;
  for (const { file, last } of chunks) {
    const at = (await stat(join(path, file))).mtimeMs;
    if (latest === null || at >= latest.at) latest = { last, at };
  }
  return latest?.last ?? null;
}
