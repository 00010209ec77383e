import { type RedisCommands } from '@sluice/stream-log';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { type ChannelConfig } from '../config.js';
import { type State, type StateCatalogue } from './state-catalogue.js';
import { StateSnapshots } from './state-snapshots.js';
import { StateStore, isKeyedById } from './state-store.js';

export interface StatesOptions {
  readonly catalogue: StateCatalogue;
  readonly config: ChannelConfig;
  readonly commands: RedisCommands;
  readonly keys: ChannelKeys;
}

/** The states of an application: which there are, what is in them, and what is kept of them beside the log. */
export class States {
  private constructor(
    readonly catalogue: StateCatalogue,
    readonly store: StateStore,
    private readonly snapshots: StateSnapshots,
  ) {}

  /** Opens the database and takes in what was kept. What the log holds comes after it. @throws SluiceError LOG_UNAVAILABLE */
  static async open({ catalogue, config, commands, keys }: StatesOptions): Promise<States> {
    const snapshots = new StateSnapshots(commands, keys, config.stateWindow);
    const store = await StateStore.open({
      states: catalogue,
      window: config.stateWindow,
      idWindow: config.idStateWindow,
      idAgeMs: config.idStateAgeMs,
      memoryMiB: config.stateMemoryMiB,
      onRow: (state, row) => snapshots.note(state, row),
      onReset: (state) => snapshots.reset(state),
    });
    const states = new States(catalogue, store, snapshots);
    for (const state of catalogue.all.values()) await states.restore(state);
    return states;
  }

  /** Begins to keep a state, with what was kept of it. @throws SluiceError LOG_UNAVAILABLE */
  async add(state: State): Promise<void> {
    await this.store.add(state);
    await this.restore(state);
  }

  async remove(state: State): Promise<void> {
    this.snapshots.forget(state);
    await this.store.remove(state);
  }

  /** @param isOurs whether this replica keeps what changes, for the others too */
  start(isOurs: () => boolean): void {
    this.snapshots.start(isOurs);
  }

  async stop(): Promise<void> {
    await this.snapshots.stop();
    await this.store.close();
  }

  /** Of a state that is keyed by `id` the log itself tells everything. */
  private async restore(state: State): Promise<void> {
    if (isKeyedById(state)) return;
    for await (const rows of this.snapshots.read(state)) this.store.restore(state, rows);
  }
}
