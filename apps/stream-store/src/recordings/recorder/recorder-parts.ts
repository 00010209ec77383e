import { Inject, Injectable } from '@nestjs/common';
import { Grants, LOG, type Identity } from '@sluice/service-kit';
import { StreamAdmin, StreamLog, type Discovery, type RedisCommands } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { StreamMeta } from '@sluice/catalog';
import { StoreConfig } from '../../config.js';
import { FollowMetrics } from '../../metrics/store-metrics.js';
import { sidOfKey } from '../../ptg/ptg-names.js';
import { openPart, type OpenPart } from '../disk/part-file.js';
import { RecordingFolders } from '../disk/recording-folders.js';
import { type RunningRecording } from './running-recording.js';
import { WriteQueue } from './write-queue.js';

/** What every recording of a process shares. */
@Injectable()
export class RecorderParts {
  readonly queue = new WriteQueue();
  /** Followers of recordings and what they lost. */
  readonly metrics = new FollowMetrics();
  readonly commands: RedisCommands;
  readonly discovery: Discovery;
  readonly minFreeBytes: number;
  /** How files are written; tests make them slow, or the disk full. */
  openPart: OpenPart = openPart;

  constructor(
    readonly log: StreamLog,
    readonly folders: RecordingFolders,
    private readonly config: StoreConfig,
    private readonly meta: StreamMeta,
    admin: StreamAdmin,
    @Inject(LOG) readonly logger: Logger,
  ) {
    this.commands = admin.commands;
    this.discovery = admin.discovery;
    this.minFreeBytes = config.recordings.minFreeBytes;
  }

  /** The name of a stream in recordings; null for a key that the ptg dialect has no name for. */
  sidOf(key: string): string | null {
    return sidOfKey(key, this.config.hasDevices);
  }

  /** JSON of a stream's metadata; null when it has none, or Redis does not say. */
  metaOf(key: string): Promise<string | null> {
    return this.meta.get(key).catch(() => null);
  }

  /** What a recording's starter may do. */
  mayRead(recording: RunningRecording): Identity['allows'] {
    const grants = new Grants(recording.scopes);
    return (right, name) => grants.allows(right, name);
  }

  freeBytes(): Promise<number> {
    return this.folders.freeBytes();
  }
}
