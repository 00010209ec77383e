import { type SluiceError } from '@sluice/contracts';
import { type EntryBatch, type Follower, type FollowerSink, type LogEntry, type StreamLog } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { EPOCH_FIELD, type ChannelKeys } from '../channels/channel-keys.js';
import { decodeTick } from '../channels/payloads.js';
import { type Channel } from '../engine/catalogue.js';
import { type Engine } from '../engine/engine.js';
import { type CycleCommits } from './cycle-commits.js';

export interface InputOptions {
  readonly log: StreamLog;
  readonly keys: ChannelKeys;
  readonly engine: Engine;
  readonly commits: CycleCommits;
  onFailure(error: SluiceError): void;
}

/** Gives the modules what clients tick. What modules tick themselves has reached them already. */
export class ModuleInputs {
  private readonly followers = new Set<Follower>();

  constructor(private readonly options: InputOptions) {}

  follow(channel: Channel, after: EntryId | '$'): void {
    const { log, keys } = this.options;
    this.followers.add(log.follow(keys.stream(channel.name), { after }, this.sinkOf(channel)));
  }

  /** Goes on after the commits had no room. */
  resume(): void {
    for (const follower of this.followers) follower.resume();
  }

  close(): void {
    for (const follower of this.followers) follower.close();
    this.followers.clear();
  }

  private sinkOf(channel: Channel): FollowerSink {
    const { engine, commits, onFailure } = this.options;
    return {
      canTake: () => !commits.isFull,
      onEntries: (batch: EntryBatch) => {
        for (const entry of batch.entries) {
          if (isFromModule(entry)) continue;
          engine.feed([{ channel: channel.name, value: decodeTick(channel, entry.payload) }]);
          // Of a batch, what is not written when the process ends is read again, and nothing else.
          commits.advance(channel.name, entry.id);
        }
        commits.advance(channel.name, batch.last);
        return !commits.isFull;
      },
      onGap: () => undefined,
      onReset: () => undefined,
      onFailure,
    };
  }
}

function isFromModule({ fields }: LogEntry): boolean {
  return fields?.some(([name]) => name === EPOCH_FIELD) === true;
}
