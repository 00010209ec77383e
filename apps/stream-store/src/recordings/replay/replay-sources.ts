import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { StoreConfig } from '../../config.js';
import { type Query } from '../../dialect/parameters.js';
import { writableKeyOfSid } from '../../ptg/ptg-names.js';
import { Quotas } from '../../quotas/quotas.js';
import { assertMayWrite } from '../../streams/permitted.js';
import { assertPlaceable } from '../../streams/placeable.js';
import { RecordingFolders } from '../disk/recording-folders.js';
import { RecordingAccess, noRecording } from '../library/access.js';
import { rangeOf } from '../library/info.js';
import { type ReplayStream } from './player.js';
import { readReplayOptions, type ReplayOptions } from './replay-options.js';

/** A replay as its socket begins it. */
export interface Replay {
  readonly options: ReplayOptions;
  readonly streams: readonly ReplayStream[];
}

/** Finds what a replay reads, and checks what it may write. */
@Injectable()
export class ReplaySources {
  constructor(
    private readonly log: StreamLog,
    private readonly folders: RecordingFolders,
    private readonly access: RecordingAccess,
    private readonly config: StoreConfig,
    private readonly quotas: Quotas,
  ) {}

  /** @throws ParameterError, SluiceError `RECORDING_NOT_FOUND`, `FORBIDDEN`, `RECORDING_DAMAGED`, `INVALID_NAME`, `QUOTA_EXCEEDED` */
  async open(query: Query, identity: Identity): Promise<Replay> {
    const options = readReplayOptions(query);
    await this.access.assertSees(identity, options.name);
    const found = await this.folders.streams('raw', options.name);
    const streams: ReplayStream[] = [];
    for (const sid of options.sids) {
      const recorded = found.find((stream) => stream.sid === sid);
      const range = recorded === undefined ? null : await rangeOf(recorded);
      if (recorded === undefined || range === null) throw noStream(options.name, sid);
      const target = writableKeyOfSid(options.prefix + sid, this.config.hasDevices);
      assertMayWrite(identity, assertPlaceable(this.log, target));
      streams.push({ recorded, target, first: range[0], last: range[1] });
    }
    if (streams.length === 0) throw noRecording(options.name);
    const targets = streams.map(({ target }) => target);
    await this.quotas.admit(identity, targets);
    return { options, streams };
  }
}

function noStream(name: string, sid: string): SluiceError {
  return new SluiceError(
    'RECORDING_NOT_FOUND',
    `the recording ${JSON.stringify(name)} has no finished entries of ${JSON.stringify(sid)}`,
  );
}
