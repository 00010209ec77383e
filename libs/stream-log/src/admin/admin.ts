import { type StreamInfo, type StreamList } from '@sluice/contracts';
import { Discovery, type DiscoveryOptions } from '../discovery.js';
import { assertClusterName, companionKeys } from '../keys.js';
import { RetentionKeeper, type RetentionKeeperOptions } from '../retention/keeper.js';
import { DEFAULT_RETENTION, type RetentionRule } from '../retention/policy.js';
import { RetentionStore } from '../retention/store.js';
import { RetentionSweep, type RetentionSweepOptions } from '../retention/sweep.js';
import { CREATE_STREAM } from '../scripts/create-stream.js';
import { DELETE_STREAM } from '../scripts/delete-stream.js';
import { RedisCommands } from '../redis-commands.js';
import { Groups } from './groups.js';
import { StreamInfos } from './info.js';
import { listStreams, type ListOptions } from './list.js';
import { StreamNames, type NameFilter } from './names.js';

export interface StreamAdminOptions
  extends DiscoveryOptions, RetentionSweepOptions, Omit<RetentionKeeperOptions, 'defaultRule'> {
  /** As for `StreamLog`. */
  readonly url: string;
  /** What streams without a retention of their own keep. Default {@link DEFAULT_RETENTION}. */
  readonly defaultRule?: RetentionRule;
  /** False in no-prefix mode, where names have no device. Default true. */
  readonly hasDevices?: boolean;
}

/**
 * Everything about streams that is not the hot path: lists, facts, retention, groups, deletion, and which streams
 * appear. Make it before the `StreamLog`, which takes its `retention` and `discovery.noteAppend`; then `discovery.attach(log.follow, log.announceAgain)`.
 */
export class StreamAdmin {
  readonly groups: Groups;
  /** Retention of single streams. */
  readonly retention: RetentionStore;
  /** What the writers of this process ask before they trim. */
  readonly keeper: RetentionKeeper;
  readonly discovery: Discovery;
  private readonly names: StreamNames;
  private readonly infos: StreamInfos;
  private readonly sweep: RetentionSweep;

  private constructor(
    /** Commands beside the streams, over the same connection. */
    readonly commands: RedisCommands,
    options: StreamAdminOptions,
  ) {
    const defaultRule = options.defaultRule ?? DEFAULT_RETENTION;
    this.groups = new Groups(commands);
    this.keeper = new RetentionKeeper(commands, { ...options, defaultRule });
    this.retention = new RetentionStore(commands, defaultRule, (key) => this.keeper.noteChange(key));
    this.sweep = new RetentionSweep(commands, options);
    this.names = new StreamNames(commands);
    this.infos = new StreamInfos(commands, this.retention, options.hasDevices ?? true);
    this.discovery = new Discovery(commands, this.names, options);
  }

  /** @throws SluiceError LOG_UNAVAILABLE, INVALID_PARAMETER for a URL that is none */
  static async connect(options: StreamAdminOptions): Promise<StreamAdmin> {
    return new StreamAdmin(await RedisCommands.connect(options.url), options);
  }

  /** See {@link listStreams}. */
  list(options: ListOptions = {}): Promise<StreamList> {
    return listStreams(this.names, this.infos, options);
  }

  /** Names of all streams that pass, sorted. @throws SluiceError LOG_UNAVAILABLE */
  findNames(filter: NameFilter = {}): Promise<string[]> {
    return this.names.find(filter);
  }

  /** @throws SluiceError STREAM_NOT_FOUND, WRONG_KEY_TYPE, LOG_UNAVAILABLE */
  info(key: string): Promise<StreamInfo> {
    return this.infos.one(key);
  }

  /**
   * Makes an empty stream.
   * @returns whether there was none
   * @throws SluiceError CROSS_SLOT_NAME, WRONG_KEY_TYPE, LOG_FULL, LOG_UNAVAILABLE
   */
  async createStream(key: string): Promise<boolean> {
    this.assertName(key);
    const made = await this.commands.runScript(CREATE_STREAM, [key], [], { subject: `stream "${key}"` });
    if (made === 1) this.discovery.noteAppend(key);
    return made === 1;
  }

  /**
   * Deletes a stream with its retention and remembered pushes, and tells everybody.
   * @returns whether there was one
   * @throws SluiceError WRONG_KEY_TYPE, LOG_UNAVAILABLE
   */
  async deleteStream(key: string): Promise<boolean> {
    this.assertName(key);
    const subject = `delete stream "${key}"`;
    const deleted = await this.commands.runScript(DELETE_STREAM, [key, ...companionKeys(key)], [], { subject });
    this.keeper.noteChange(key);
    if (deleted === 1) await this.discovery.noteDeleted(key);
    return deleted === 1;
  }

  /** @throws SluiceError CROSS_SLOT_NAME on a cluster, for names whose companions cannot share their slot */
  assertName(key: string): void {
    if (this.commands.isCluster) assertClusterName(key);
  }

  async close(): Promise<void> {
    this.discovery.close();
    this.keeper.close();
    await this.sweep.close();
    this.commands.close();
  }
}
