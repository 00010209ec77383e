import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { RecordingFolders } from '../disk/recording-folders.js';
import { type Section } from '../disk/layout.js';
import { Recorder } from '../recorder/recorder.js';
import { InfoCache } from './info-cache.js';

type Move = { readonly from: readonly [Section, string]; readonly to: readonly [Section, string] };

/** Moves and deletes recordings at rest, both of their folders or neither. */
@Injectable()
export class Housekeeping {
  constructor(
    private readonly folders: RecordingFolders,
    private readonly recorder: Recorder,
    private readonly cache: InfoCache,
  ) {}

  /**
   * Gives a recording another name. Resolves with whether the new one is there and the old one gone.
   * @throws SluiceError `RECORDING_EXISTS`, `RECORDING_RUNS`
   */
  async rename(name: string, other: string): Promise<[boolean, boolean]> {
    if (name !== other && (await this.recorder.isRunning(other))) throw alreadyExists(other);
    return this.recorder.whileAtRest(name === other ? [name] : [name, other], async () => {
      if ((await this.folders.has('raw_hidden', other)) || (await this.folders.has('post_hidden', other))) {
        throw alreadyExists(other);
      }
      return this.moveBoth(
        [name, other],
        [
          { from: ['raw', name], to: ['raw', other] },
          { from: ['post', name], to: ['post', other] },
        ],
      );
    });
  }

  /** Takes a recording out of sight, or brings it back. As {@link rename}. */
  hide(name: string, isHidden: boolean): Promise<[boolean, boolean]> {
    const [shown, hidden]: readonly (readonly [Section, Section])[] = [
      ['raw', 'post'],
      ['raw_hidden', 'post_hidden'],
    ];
    const [from, to] = (isHidden ? [shown, hidden] : [hidden, shown]) as [[Section, Section], [Section, Section]];
    return this.recorder.whileAtRest([name], () =>
      this.moveBoth(
        [name],
        [
          { from: [from[0], name], to: [to[0], name] },
          { from: [from[1], name], to: [to[1], name] },
        ],
      ),
    );
  }

  /** Deletes a recording; whether what was recorded, and what was made of it, is gone. @throws SluiceError `RECORDING_RUNS` */
  async remove(name: string): Promise<[boolean, boolean]> {
    await this.folders.prepare();
    const deletions: (() => Promise<void>)[] = [];
    const gone = await this.recorder.whileAtRest([name], async (): Promise<[boolean, boolean]> => {
      for (const section of ['raw', 'post'] as const) deletions.push(await this.folders.discard(section, name));
      await this.cache.forget(name).catch(() => undefined);
      return [!(await this.folders.has('raw', name)), !(await this.folders.has('post', name))];
    });
    // Files by the thousand take their time: others need not wait for it.
    for (const deleteFiles of deletions) await deleteFiles();
    return gone;
  }

  private async moveBoth(names: readonly string[], moves: readonly [Move, Move]): Promise<[boolean, boolean]> {
    const [raw, post] = moves;
    const hasMoved = await this.folders.move(raw.from, raw.to);
    try {
      await this.folders.move(post.from, post.to);
    } catch (error) {
      if (hasMoved) await this.folders.move(raw.to, raw.from);
      throw error;
    }
    for (const name of names) await this.cache.forget(name).catch(() => undefined);
    const { folders } = this;
    const isThere = (await folders.has(...raw.to)) || (await folders.has(...post.to));
    return [isThere, !(await folders.has(...raw.from)) && !(await folders.has(...post.from))];
  }
}

function alreadyExists(name: string): SluiceError {
  return new SluiceError('RECORDING_EXISTS', `${name} already exists!`);
}
