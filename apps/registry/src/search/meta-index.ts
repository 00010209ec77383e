import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CATALOG_EVENTS, Devices, StreamMeta, parseCatalogEvent, parseMeta } from '@sluice/catalog';
import { LOG, Readiness } from '@sluice/service-kit';
import { StreamLog, type EntryBatch, type Follower } from '@sluice/stream-log';
import { FIRST_ENTRY_ID, compareEntryIds, type EntryId } from '@sluice/wire';
import { type Logger } from 'pino';
import { RegistryConfig } from '../config.js';
import { IndexMemory, KeptThings } from './kept-things.js';
import { leavesOf, matches, type MetaCondition } from './leaves.js';

/** How far the index can be believed. */
export interface IndexState {
  /** False while it is rebuilt, while events wait that it has not taken in, and when not all has room: things may be missing. */
  readonly isComplete: boolean;
  readonly isRebuilding: boolean;
  /** There is more metadata than its memory holds. */
  readonly isFull: boolean;
}

/** Things that have metadata. */
export type IndexedKind = 'stream' | 'device';

/** Things that are read from Redis at a time. */
const CHUNK = 500;
/** How long a question waits for the index to come level. */
const PATIENCE_MS = 2_000;
/** How often it is compared with Redis as a whole, for what was changed by other programs and for events that were lost. */
const REBUILD_EVERY_MS = 60_000;
const RETRY_MS = 1_000;

/**
 * Which streams and devices have metadata, and what is in it, for search: kept in memory from the events of the catalogue, which name what
 * changed, and rebuilt from Redis at the start and after a gap in them. A question first waits until the events told before it
 * are taken in, so that who changed something finds it, at whichever replica.
 */
@Injectable()
export class MetaIndex implements OnModuleInit, OnApplicationShutdown {
  private readonly kinds: Record<IndexedKind, KeptThings>;
  private readonly readers: Record<IndexedKind, Pick<StreamMeta, 'list' | 'getMany'>>;
  private follower: Follower | null = null;
  private applied: EntryId = FIRST_ENTRY_ID;
  private isBuilt = false;
  private isFull = false;
  private isClosed = false;
  private work: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private end: Promise<EntryId> | null = null;
  private waiting: { readonly until: EntryId; readonly wake: () => void }[] = [];

  constructor(
    private readonly log: StreamLog,
    streams: StreamMeta,
    devices: Devices,
    readiness: Readiness,
    { indexMemoryBytes }: RegistryConfig,
    @Inject(LOG) private readonly logger: Logger,
  ) {
    const memory = new IndexMemory(indexMemoryBytes);
    this.kinds = { stream: new KeptThings(memory), device: new KeptThings(memory) };
    this.readers = { stream: streams, device: devices.metas };
    readiness.add('index', () => ({
      ready: true,
      detail: this.detail(),
      isRebuilding: !this.isBuilt,
      isFull: this.isFull,
    }));
  }

  onModuleInit(): void {
    this.follower = this.log.follow(
      CATALOG_EVENTS,
      { after: '$' },
      {
        onEntries: (batch) => this.take(batch),
        onGap: () => this.rebuild(),
        onReset: () => this.rebuild(),
        onFailure: (error) => this.logger.error({ err: error }, 'the index of metadata hears of no changes'),
      },
    );
    this.rebuild();
    this.timer = setInterval(() => this.enqueue(() => this.build()), REBUILD_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    if (this.timer !== null) clearInterval(this.timer);
    this.follower?.close();
    for (const { wake } of this.waiting.splice(0)) wake();
    await this.work;
  }

  /** Waits until everything told so far is in the index, at most two seconds. @throws SluiceError LOG_UNAVAILABLE */
  async level(): Promise<IndexState> {
    const until = await this.endOfEvents();
    if (!this.isLevel(until)) await this.wait(until);
    const { isBuilt, isFull } = this;
    return { isComplete: this.isLevel(until) && !isFull, isRebuilding: !isBuilt, isFull };
  }

  /** Sorted. */
  names(kind: IndexedKind = 'stream'): readonly string[] {
    return this.kinds[kind].names;
  }

  /** Those whose metadata has everything that is asked for; sorted. */
  find(kind: IndexedKind, conditions: readonly MetaCondition[]): string[] {
    const things = this.kinds[kind];
    return things.names.filter((name) => {
      const leaves = things.leavesOf(name);
      return conditions.every((condition) => matches(leaves, condition));
    });
  }

  private detail(): string {
    if (!this.isBuilt) return 'the index of metadata is being rebuilt';
    return this.isFull ? 'metadata is indexed as far as its memory goes' : 'metadata is indexed';
  }

  private isLevel(until: EntryId): boolean {
    return this.isBuilt && compareEntryIds(this.applied, until) >= 0;
  }

  private wait(until: EntryId): Promise<void> {
    return new Promise((resolve) => {
      const waiter = {
        until,
        wake: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((other) => other !== waiter);
        resolve();
      }, PATIENCE_MS);
      this.waiting.push(waiter);
    });
  }

  private wakeAll(): void {
    const [ready, waiting] = [this.waiting, [] as typeof this.waiting];
    this.waiting = waiting;
    for (const waiter of ready) {
      if (this.isLevel(waiter.until)) waiter.wake();
      else waiting.push(waiter);
    }
  }

  /** Asked once for all questions of one turn. */
  private endOfEvents(): Promise<EntryId> {
    this.end ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.end = null;
        this.log.reader.lastGeneratedId(CATALOG_EVENTS).then(resolve, reject);
      });
    });
    return this.end;
  }

  private take(batch: EntryBatch): boolean {
    this.enqueue(async () => {
      await this.refresh(batch);
      this.applied = batch.last;
      this.wakeAll();
      this.follower?.resume();
    });
    return false;
  }

  private async refresh(batch: EntryBatch): Promise<void> {
    const changed = { stream: new Set<string>(), device: new Set<string>() };
    for (const { payload } of batch.entries) {
      const event = parseCatalogEvent(payload);
      if (event?.type === 'stream-meta') changed.stream.add(event.name);
      else if (event?.type === 'device-meta') changed.device.add(event.name);
    }
    for (const kind of ['stream', 'device'] as const) {
      if (!(await this.read(kind, [...changed[kind]]))) this.setFull(true);
    }
  }

  private rebuild(): void {
    this.isBuilt = false;
    this.enqueue(async () => {
      const { follower } = this;
      const start = (await follower?.ready) ?? FIRST_ENTRY_ID;
      await this.build();
      if (compareEntryIds(start, this.applied) > 0) this.applied = start;
      this.isBuilt = true;
      this.wakeAll();
    });
  }

  private async build(): Promise<void> {
    let hasRoom = true;
    for (const kind of ['stream', 'device'] as const) {
      const names = await this.readers[kind].list();
      const there = new Set(names);
      for (const name of this.kinds[kind].names) if (!there.has(name)) this.kinds[kind].forget(name);
      for (let at = 0; at < names.length && !this.isClosed; at += CHUNK) {
        if (!(await this.read(kind, names.slice(at, at + CHUNK)))) hasRoom = false;
      }
    }
    this.setFull(!hasRoom);
  }

  private setFull(isFull: boolean): void {
    if (isFull && !this.isFull) this.logger.warn('there is more metadata than the index has memory for');
    this.isFull = isFull;
  }

  /** @returns whether there was room for all of them */
  private async read(kind: IndexedKind, names: readonly string[]): Promise<boolean> {
    if (names.length === 0) return true;
    const metas = await this.readers[kind].getMany(names);
    const things = this.kinds[kind];
    let hasRoom = true;
    for (const [index, name] of names.entries()) {
      const json = metas[index] ?? null;
      const meta = json === null ? null : parseMeta(json);
      if (meta === null) things.forget(name);
      else if (!things.keep(name, leavesOf(meta))) hasRoom = false;
    }
    return hasRoom;
  }

  /** One step after the other; one that fails is made again, for nothing may be left out. */
  private enqueue(step: () => Promise<void>): void {
    this.work = this.work.then(async () => {
      for (;;) {
        if (this.isClosed) return;
        try {
          return await step();
        } catch (error) {
          this.logger.warn({ err: error }, 'the index of metadata waits for Redis');
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
        }
      }
    });
  }
}
