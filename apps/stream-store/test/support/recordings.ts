import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPromise } from 'yauzl';
import { buffer } from 'node:stream/consumers';
import { startStore, type Store } from './store.js';

/** Any bearer will do in open mode; without one the ptg routes answer 401. */
export const BEARER = { authorization: 'Bearer test' };

/** A stream store with a folder of recordings of its own. */
export class RecordingStore {
  private constructor(
    readonly store: Store,
    readonly dir: string,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<RecordingStore> {
    const dir = environment['SLUICE_STREAM_STORE_RECORDINGS_PATH'] ?? (await mkdtemp(join(tmpdir(), 'sluice-rec-')));
    const settings = {
      SLUICE_STREAM_STORE_RECORDINGS_PATH: dir,
      SLUICE_STREAM_STORE_RECORDINGS_MIN_FREE_BYTES: '0',
      ...environment,
    };
    return new RecordingStore(await startStore(settings), dir);
  }

  /** Asks a route below `/ptg/recordings`. */
  async ask(method: string, path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
    return askRecordings(this.store.url, method, path, init);
  }

  async close(): Promise<void> {
    await this.store.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Asks a route below `/ptg/recordings` of a store by its URL. */
export async function askRecordings(
  url: string,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/ptg/recordings${path}`, {
    method,
    ...init,
    headers: { ...BEARER, ...init.headers },
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

/** Every entry of a recorded stream as `id payload`, read by the zip library alone, in the order of the files' names. */
export async function recordedEntries(dir: string, name: string, folder: string): Promise<string[]> {
  const path = join(dir, 'raw', name, folder);
  const files = (await readdir(path).catch(() => [])).filter((file) => file.endsWith('.zip'));
  const entries: string[] = [];
  for (const file of files.sort((a, b) =>
    (a.split('_')[0] as string).localeCompare(b.split('_')[0] as string, 'en', { numeric: true }),
  )) {
    const zip = await openPromise(join(path, file));
    for await (const member of zip.eachEntry()) {
      const payload = await buffer(await zip.openReadStreamPromise(member));
      entries.push(`${member.fileName} ${payload.toString()}`);
    }
  }
  return entries;
}
