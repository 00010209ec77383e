import { Injectable } from '@nestjs/common';
import { SluiceError, type Right } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';
import { StoreConfig } from '../../config.js';
import { keyOfSid } from '../../ptg/ptg-names.js';
import { readManifest } from '../disk/manifest.js';
import { RecordingFolders } from '../disk/recording-folders.js';
import { type Section } from '../disk/layout.js';

/**
 * Who may see which recording. A recording is its streams: whoever may not read one of them is told that there is no such recording,
 * in the same words as where there is none.
 */
@Injectable()
export class RecordingAccess {
  constructor(
    private readonly folders: RecordingFolders,
    private readonly config: StoreConfig,
  ) {}

  /** Whether the identity has a right for each of these streams, by their names in recordings. */
  allows(identity: Identity, right: Right, sids: Iterable<string>): boolean {
    for (const sid of sids) {
      const key = this.keyOf(sid);
      if (key === null ? !identity.allows('admin') : !identity.allows(right, key)) return false;
    }
    return true;
  }

  /** Whether a recording is there for the identity: visible, or hidden. */
  async sees(identity: Identity, name: string, isHidden = false): Promise<boolean> {
    const [raw, post]: readonly Section[] = isHidden ? ['raw_hidden', 'post_hidden'] : ['raw', 'post'];
    const { folders } = this;
    if (!(await folders.has(raw as Section, name)) && !(await folders.has(post as Section, name))) return false;
    const sids = await this.sids(raw as Section, name);
    if (sids.length === 0) return this.seesEmpty(identity, this.folders.path(raw as Section, name));
    return this.allows(identity, 'stream:read', sids);
  }

  /** @throws SluiceError `RECORDING_NOT_FOUND` */
  async assertSees(identity: Identity, name: string, isHidden = false): Promise<void> {
    if (!(await this.sees(identity, name, isHidden))) throw noRecording(name);
  }

  /** @throws SluiceError `RECORDING_NOT_FOUND`, or `FORBIDDEN` for one that may only be read */
  async assertMayChange(identity: Identity, name: string, isHidden = false): Promise<void> {
    await this.assertSees(identity, name, isHidden);
    if (this.allows(identity, 'stream:write', await this.sids(isHidden ? 'raw_hidden' : 'raw', name))) return;
    throw new SluiceError('FORBIDDEN', `the credential does not allow to change the recording ${JSON.stringify(name)}`);
  }

  /** A recording without a stream shows whoever began it. */
  private async seesEmpty(identity: Identity, folder: string): Promise<boolean> {
    if (identity.allows('admin')) return true;
    for await (const line of readManifest(folder)) if (line.type === 'started') return line.by === identity.subject;
    return true;
  }

  /** Redis key of a recorded stream; null for a name that stands for none. */
  private keyOf(sid: string): string | null {
    try {
      return keyOfSid(sid, this.config.hasDevices);
    } catch {
      return null;
    }
  }

  private async sids(section: Section, name: string): Promise<string[]> {
    return (await this.folders.streams(section, name)).map(({ sid }) => sid);
  }
}

/** What is said of a recording that is not there, or not for the caller. */
export function noRecording(name: string): SluiceError {
  return new SluiceError('RECORDING_NOT_FOUND', `there is no recording ${JSON.stringify(name)}`);
}
