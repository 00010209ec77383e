import { SluiceError } from '@sluice/contracts';
import { type RedisCommands, type RetentionSource } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { encodeTick } from '../channels/payloads.js';
import { type Catalogue, type Channel } from '../engine/catalogue.js';
import { type Tick } from '../engine/engine.js';
import { type Kept } from '../engine/keeping.js';
import { COMMIT_CYCLES } from '../lease/lease-scripts.js';
import { keptField } from './progress.js';

/** Entries and bytes of one write; a cycle with more is written in parts. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** So much may wait for Redis before what comes in is held back. */
const MAX_WAITING = 5_000;
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** More than this is not held: what comes on top is lost, and told. */
const MAX_HELD = 100_000;
const MAX_HELD_BYTES = 128 * 1024 * 1024;
const NO_WINDOW = { entryCount: 0, byteCount: 0 };

interface Entry {
  readonly channel: string;
  readonly payload: Buffer;
}

/** What is written as one: what ticked in a cycle, and how far the modules had come with it. */
interface Step {
  readonly entries: Entry[];
  /** By field of the progress; empty: none any more. */
  readonly progress: Map<string, string>;
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
  /** A tick that cannot be written as JSON, since its module has changed it. It is left out. */
  onUnwritable(tick: Tick, error: unknown): void;
  /** There is room again. */
  onRelief(): void;
}

/**
 * Writes what the modules tick: what is made in one turn goes into the log together, and each cycle along with how far the modules have
 * come by it. So whoever takes over goes on exactly behind what was written.
 */
export class CycleCommits {
  private readonly steps: Step[] = [];
  /** Entries in all steps. */
  private waitingCount = 0;
  private waitingBytes = 0;
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
    return this.isFilled(1);
  }

  /** Modules that tick of their own accord, and each other, have half of the room, so that what comes in finds some. */
  private get isBusy(): boolean {
    return this.isFilled(0.5);
  }

  private isFilled(share: number): boolean {
    return this.waitingCount >= MAX_WAITING * share || this.waitingBytes >= MAX_WAITING_BYTES * share;
  }

  /** Resolves when there is room, or nothing will be written any more. */
  room(): Promise<void> {
    if (!this.isBusy || this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push(resolve);
    });
  }

  /** Takes what ticked in a cycle, and what modules keep from then on. */
  add(ticks: readonly Tick[], kept: Kept): void {
    if (this.isOver) return;
    const entries = this.isOverfull(ticks.length) ? [] : ticks.flatMap((tick) => this.entryOf(tick) ?? []);
    this.waitingBytes += bytesOf(entries);
    if (entries.length > 0) this.steps.push({ entries, progress: new Map() });
    this.waitingCount += entries.length;
    for (const [module, values] of kept) {
      for (const [name, value] of values) this.note(keptField(module, name), value ?? '');
    }
    this.schedule();
  }

  private entryOf(tick: Tick): Entry | null {
    const { channel, value } = tick;
    const found = this.options.catalogue.channels.get(channel) as Channel;
    try {
      return { channel, payload: encodeTick(found, value) };
    } catch (error) {
      this.options.onUnwritable(tick, error);
      return null;
    }
  }

  /** To be written with what ticked last, and not before it. */
  private note(field: string, position: string): void {
    const last = this.steps.at(-1);
    if (last === undefined) this.steps.push({ entries: [], progress: new Map([[field, position]]) });
    else last.progress.set(field, position);
  }

  /** Modules that tick faster than the log takes it are told once, until there is room again. */
  private isOverfull(count: number): boolean {
    const isOverfull = this.waitingCount + count > MAX_HELD || this.waitingBytes > MAX_HELD_BYTES;
    if (isOverfull && !this.hasOverflowed) {
      this.options.onError(new SluiceError('LOG_FULL', `modules tick faster than the log takes it: ticks are lost`));
    }
    this.hasOverflowed = isOverfull;
    return isOverfull;
  }

  /** Modules have taken in everything of the channel up to there. */
  advance(channel: string, position: EntryId): void {
    if (this.isOver) return;
    this.note(channel, position);
    this.schedule();
  }

  /** Writes what is there, and nothing that comes after. */
  async close(): Promise<void> {
    await this.writing;
    await this.writeAll();
    this.isOver = true;
  }

  /** Forgets everything that is not written. */
  abandon(): void {
    this.isOver = true;
    this.steps.length = 0;
    this.waitingCount = 0;
    this.waitingBytes = 0;
    for (const resolve of this.waiters.splice(0)) resolve();
  }

  private relieve(): void {
    if (!this.isFull) this.options.onRelief();
    if (this.isBusy) return;
    for (const resolve of this.waiters.splice(0)) resolve();
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
    if (this.steps.length > 0) this.schedule();
  }

  private async writeAll(): Promise<void> {
    while (!this.isOver && this.steps.length > 0) {
      const batch = this.takeBatch();
      this.number += 1;
      if (!(await this.write(batch))) return;
      this.relieve();
    }
  }

  /** Whole cycles, as many as fit; of one that does not fit by itself a part, and how far the modules had come with its last one. */
  private takeBatch(): Step {
    const entries: Entry[] = [];
    const progress = new Map<string, string>();
    let bytes = 0;
    let count = 0;
    for (const step of this.steps) {
      const stepBytes = bytesOf(step.entries);
      const fits = entries.length + step.entries.length <= MAX_ENTRIES && bytes + stepBytes <= MAX_BYTES;
      if (!fits && entries.length > 0) break;
      bytes += stepBytes;
      entries.push(...(fits ? step.entries : step.entries.splice(0, partOf(step.entries))));
      if (step.entries.length > 0 && !fits) break;
      for (const [field, position] of step.progress) progress.set(field, position);
      count += 1;
    }
    this.steps.splice(0, count);
    this.waitingCount -= entries.length;
    this.waitingBytes -= bytesOf(entries);
    return { entries, progress };
  }

  /** False when that is the end. An outage is waited out for as long as the lease may be ours. */
  private async write(batch: Step): Promise<boolean> {
    const { commands, keys, epoch } = this.options;
    const channels = [...new Set(batch.entries.map(({ channel }) => channel))];
    const streams = channels.map((channel) => keys.stream(channel));
    const bounds = streams.map((key) => this.options.retention.maxLenFor(key, NO_WINDOW));
    const entries = batch.entries.flatMap(({ channel, payload }) => {
      const at = channels.indexOf(channel);
      const bound = bounds[at] ?? -1;
      return [at + 1, bound < 0 ? '' : bound, payload];
    });
    const { progress } = batch;
    const args = [epoch, this.number, progress.size, ...[...progress].flat(), ...entries];
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

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { payload }) => sum + payload.length, 0);
}

/** How many of the first entries fit into one write; at least one. */
function partOf(entries: readonly Entry[]): number {
  let bytes = 0;
  let count = 0;
  for (const { payload } of entries) {
    bytes += payload.length;
    if (count > 0 && (count >= MAX_ENTRIES || bytes > MAX_BYTES)) break;
    count += 1;
  }
  return count;
}
