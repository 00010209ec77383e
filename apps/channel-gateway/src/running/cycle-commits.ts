import { SluiceError } from '@sluice/contracts';
import { type RedisCommands, type RetentionSource } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { encodeTick } from '../channels/payloads.js';
import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Tick } from '../engine/engine.js';
import { COMMIT_CYCLES } from '../lease/lease-scripts.js';

/** Entries and bytes of one write. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** So much may wait for Redis before what comes in is held back. */
const MAX_WAITING = 5_000;
/** More than this is not held: what comes on top is lost, and told. */
const MAX_HELD = 100_000;
const NO_WINDOW = { entryCount: 0, byteCount: 0 };

interface Entry {
  readonly channel: string;
  readonly payload: Buffer;
}

export interface CommitOptions {
  readonly commands: RedisCommands;
  readonly keys: ChannelKeys;
  readonly retention: RetentionSource;
  readonly catalogue: Catalogue;
  readonly epoch: number;
  /** The lease is another's: nothing was written, nor will be. */
  onFenced(): void;
  onError(error: unknown): void;
  /** There is room again. */
  onRelief(): void;
}

/**
 * Writes what the modules tick: what is made in one turn goes into the log together, along with how far the modules have read. So
 * whoever takes over goes on exactly behind what was written.
 */
export class CycleCommits {
  private readonly entries: Entry[] = [];
  private readonly positions = new Map<string, EntryId>();
  private writing: Promise<void> | null = null;
  private isScheduled = false;
  private isOver = false;
  private number = 0;
  private hasOverflowed = false;
  /** Modules with work of their own, which wait for room. */
  private readonly waiters: (() => void)[] = [];

  constructor(private readonly options: CommitOptions) {}

  /** Whether modules should be given no more for now. */
  get isFull(): boolean {
    return this.entries.length >= MAX_WAITING;
  }

  /** Resolves when there is room, or nothing will be written any more. */
  room(): Promise<void> {
    if (!this.isFull || this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push(resolve);
    });
  }

  add(ticks: readonly Tick[]): void {
    if (this.isOver || this.isOverfull(ticks.length)) return;
    for (const { channel, value } of ticks) {
      const found = this.options.catalogue.channels.get(channel) as Channel;
      this.entries.push({ channel, payload: encodeTick(found, value) });
    }
    this.schedule();
  }

  /** Modules that tick faster than the log takes it are told once, until there is room again. */
  private isOverfull(count: number): boolean {
    const isOverfull = this.entries.length + count > MAX_HELD;
    if (isOverfull && !this.hasOverflowed) {
      this.options.onError(new SluiceError('LOG_FULL', `modules tick faster than the log takes it: ticks are lost`));
    }
    this.hasOverflowed = isOverfull;
    return isOverfull;
  }

  /** Modules have taken in everything of the channel up to there. */
  advance(channel: string, position: EntryId): void {
    this.positions.set(channel, position);
    this.schedule();
  }

  /** Writes what is there, and nothing that comes after. */
  async close(): Promise<void> {
    await this.writing;
    if (!this.isOver && (this.entries.length > 0 || this.positions.size > 0)) await this.writeAll();
    this.isOver = true;
  }

  /** Forgets everything that is not written. */
  abandon(): void {
    this.isOver = true;
    this.entries.length = 0;
    this.positions.clear();
    for (const resolve of this.waiters.splice(0)) resolve();
  }

  private relieve(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
    this.options.onRelief();
  }

  private schedule(): void {
    if (this.isScheduled || this.writing !== null || this.isOver) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.writing ??= this.writeAll().finally(() => this.settle());
    });
  }

  private settle(): void {
    this.writing = null;
    if (this.entries.length > 0 || this.positions.size > 0) this.schedule();
  }

  private async writeAll(): Promise<void> {
    while (!this.isOver && (this.entries.length > 0 || this.positions.size > 0)) {
      const batch = this.takeBatch();
      // Positions are of what came in before all of this: they are noted with the last part of it.
      const positions = this.entries.length === 0 ? [...this.positions] : [];
      if (positions.length > 0) this.positions.clear();
      this.number += 1;
      if (!(await this.write(batch, positions))) return;
      if (!this.isFull) this.relieve();
    }
  }

  private takeBatch(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const { payload } of this.entries) {
      if (count > 0 && (count >= MAX_ENTRIES || bytes + payload.length > MAX_BYTES)) break;
      bytes += payload.length;
      count += 1;
    }
    return this.entries.splice(0, count);
  }

  /** False when that is the end. An outage is waited out for as long as the lease may be ours. */
  private async write(batch: readonly Entry[], positions: readonly (readonly [string, EntryId])[]): Promise<boolean> {
    const { commands, keys, epoch } = this.options;
    const channels = [...new Set(batch.map(({ channel }) => channel))];
    const streams = channels.map((channel) => keys.stream(channel));
    const bounds = streams.map((key) => this.options.retention.maxLenFor(key, NO_WINDOW));
    const entries = batch.flatMap(({ channel, payload }) => {
      const at = channels.indexOf(channel);
      const bound = bounds[at] ?? -1;
      return [at + 1, bound < 0 ? '' : bound, payload];
    });
    const args = [epoch, this.number, positions.length, ...positions.flat(), ...entries];
    while (!this.isOver) {
      try {
        const reply = await commands.runScript(COMMIT_CYCLES, [keys.epoch, keys.progress, ...streams], args, {
          subject: 'ticks of modules',
        });
        if (Number(reply) === 1) return true;
        this.abandon();
        this.options.onFenced();
      } catch (error) {
        this.options.onError(error);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    return false;
  }
}
