import { Injectable } from '@nestjs/common';
import { entryTimeMs } from '@sluice/wire';
import { RecordingFolders } from '../disk/recording-folders.js';
import { infoKey } from '../keys.js';
import { RecorderParts } from '../recorder/recorder-parts.js';
import { readInfo, type RecordingInfo } from './info.js';

/** A recording that nothing was added to for so long is looked at once. */
const AT_REST_MS = 30 * 60 * 1000;

/** Facts of recordings, from Redis where they cannot have changed. */
@Injectable()
export class InfoCache {
  constructor(
    private readonly folders: RecordingFolders,
    private readonly parts: RecorderParts,
  ) {}

  /** @param usesCache false: the facts as the disk has them now */
  async get(name: string, usesCache: boolean): Promise<RecordingInfo & { readonly _cached?: true }> {
    const cached = usesCache ? await this.read(name) : null;
    if (cached !== null) return { ...cached, _cached: true };
    const info = await readInfo(this.folders, name);
    const last = info['last-entry'];
    const isAtRest = last !== null && Date.now() - entryTimeMs(last) > AT_REST_MS;
    if (isAtRest && usesCache) await this.run('SET', [infoKey(name), JSON.stringify(info)]).catch(() => undefined);
    return info;
  }

  /** Forgets what is known of a recording; whether there was anything. @throws SluiceError LOG_UNAVAILABLE */
  async forget(name: string): Promise<boolean> {
    return (await this.run('UNLINK', [infoKey(name)])) === 1;
  }

  private async read(name: string): Promise<RecordingInfo | null> {
    try {
      const text = await this.run('GET', [infoKey(name)]);
      return typeof text === 'string' ? (JSON.parse(text) as RecordingInfo) : null;
    } catch {
      // Whatever another tool left there, or Redis away: the disk knows.
      return null;
    }
  }

  private run(name: string, args: readonly string[]): Promise<unknown> {
    return this.parts.commands.run({ name, args, subject: 'facts of a recording' });
  }
}
