import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { Drain, type Identity } from '@sluice/service-kit';
import { FIRST_ENTRY_ID } from '@sluice/wire';
import { assertRecordingName } from '../disk/layout.js';
import { ActiveRecording } from './active-recording.js';
import { RecordingLease } from './lease.js';
import { lastIds } from './positions.js';
import { RecorderParts } from './recorder-parts.js';
import { RecordingRegister } from './register.js';
import { failureOf } from './failures.js';
import { newRecording, type RunningRecording, type StartRequest } from './running-recording.js';

const ROUND_EVERY_MS = 1_000;
/** Recordings that run at once. */
const MAX_RUNNING = 16;
const ATTEMPTS = 5;
const STOP_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 100;

/**
 * Starts and ends recordings. Exactly one process writes each of them: the one with its lease; when it is gone another one
 * takes over and goes on where the disk ends.
 */
@Injectable()
export class Recorder implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly register: RecordingRegister;
  private readonly active = new Map<string, ActiveRecording>();
  private timer: NodeJS.Timeout | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private isClosing = false;
  private isLooking = false;

  constructor(
    private readonly parts: RecorderParts,
    drain: Drain,
  ) {
    this.register = new RecordingRegister(parts.commands, parts.log);
    drain.add('recordings', () => this.suspend());
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.parts.folders.clean();
    this.timer = setInterval(() => this.round(), ROUND_EVERY_MS).unref();
    this.round();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.suspend();
  }

  /** How many recordings this process writes. */
  get activeCount(): number {
    return this.active.size;
  }

  /** Recordings that run, whoever writes them. @throws SluiceError LOG_UNAVAILABLE */
  running(): Promise<RunningRecording[]> {
    return this.register.running();
  }

  /** @throws SluiceError LOG_UNAVAILABLE */
  async isRunning(name: string): Promise<boolean> {
    return (await this.running()).some((running) => running.name === name);
  }

  /**
   * Starts a recording. Once this resolves, everything that is appended is recorded. One that runs already under the name is left to run.
   * @throws SluiceError `RATE_LIMITED` above 16 of them, `RECORDING_EXISTS`, `DISK_FULL`, `LOG_UNAVAILABLE`, …
   */
  start(request: StartRequest, identity: Identity): Promise<void> {
    return this.inTurn(() => this.startNow(request, identity));
  }

  /** Ends a recording; resolves when everything that was appended before the call is on disk. False when it did not run. @throws SluiceError */
  stop(name: string): Promise<boolean> {
    return this.inTurn(async () => {
      const record = (await this.running()).find((running) => running.name === name);
      if (record === undefined) return false;
      await this.end(record);
      return true;
    });
  }

  /** Does something with recordings while no process starts or ends one of these names. @throws SluiceError `RECORDING_RUNS` */
  whileAtRest<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    return this.inTurn(async () => {
      const leases: RecordingLease[] = [];
      try {
        for (const name of names) leases.push(await this.takeAtRest(name));
        return await work();
      } finally {
        for (const lease of leases) await lease.leave();
      }
    });
  }

  /** The lease keeps every other process from beginning it. */
  private async takeAtRest(name: string): Promise<RecordingLease> {
    const isFree = !(await this.isRunning(name));
    const lease = isFree ? await RecordingLease.take(this.parts.commands, name) : null;
    // It may have been entered in between.
    if (lease !== null && !(await this.isRunning(name))) return lease;
    await lease?.leave();
    throw new SluiceError('RECORDING_RUNS', `${name} is being recorded: stop it first`);
  }

  private async startNow(request: StartRequest, identity: Identity): Promise<void> {
    assertRecordingName(request.name);
    if (this.isClosing) throw new SluiceError('SHUTTING_DOWN', 'the service is stopping');
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const running = await this.running();
      const same = running.find(({ name }) => name === request.name);
      if (same !== undefined && same.isCurrent !== request.isParallel) return request.mayReplace(same);
      if (same !== undefined) throw new SluiceError('RECORDING_RUNS', `${request.name} is being recorded`);
      const current = request.isParallel ? undefined : running.find(({ isCurrent }) => isCurrent);
      if (current !== undefined) {
        await request.mayReplace(current);
        await this.end(current);
      } else if (running.length >= MAX_RUNNING) {
        throw new SluiceError('RATE_LIMITED', `${MAX_RUNNING} recordings run already`);
      } else if (await this.enter(newRecording(request, identity))) return;
      else await delay(LOOK_EVERY_MS);
    }
    throw new SluiceError('SERVICE_UNAVAILABLE', 'recordings are started faster than they can be ended');
  }

  /** False when another process was faster. */
  private async enter(record: RunningRecording): Promise<boolean> {
    const { folders, commands } = this.parts;
    if (await folders.has('raw_hidden', record.name)) {
      throw new SluiceError('RECORDING_EXISTS', `${record.name} already exists!`);
    }
    const lease = await RecordingLease.take(commands, record.name);
    if (lease === null) return false;
    try {
      await folders.prepare();
      await this.assertRoom();
      if (!(await this.register.enter(record))) {
        await lease.leave();
        return false;
      }
      await this.begin(record, lease);
      if (record.isCurrent) await this.register.tellCurrent(record.name);
    } catch (error) {
      await this.dropActive(record.name, (recording) => recording.suspend(true));
      await this.register.remove(record).catch(() => undefined);
      await lease.leave();
      throw error;
    }
    return true;
  }

  /** Begins to write a recording, or goes on with it. */
  private async begin(record: RunningRecording, lease: RecordingLease): Promise<void> {
    const { log, logger } = this.parts;
    const recording = new ActiveRecording(record, lease, this.parts, (error) => void this.fail(recording, error));
    this.active.set(record.name, recording);
    const kept = await this.register.starts(record);
    await recording.note([kept === null ? startedLine(record) : { type: 'resumed', at: new Date().toISOString() }]);
    await recording.recover();
    const found = await recording.listen();
    const starts = kept ?? (await lastIds(log.reader, found, FIRST_ENTRY_ID));
    if (kept === null) await this.register.keepStarts(record, starts);
    recording.begin(starts);
    logger.info({ recording: record.name, streams: starts.size }, kept === null ? 'recording' : 'recording goes on');
  }

  private async end(record: RunningRecording): Promise<void> {
    const recording = this.active.get(record.name);
    if (recording !== undefined) return this.finish(recording, await recording.ends());
    const found = await this.parts.discovery.find();
    const stops = await lastIds(this.parts.log.reader, found, FIRST_ENTRY_ID);
    await this.register.askToStop(record, stops);
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    for (;;) {
      const running = await this.running();
      if (!running.some(({ run }) => run === record.run)) return;
      // The other process may wait for this one in the same way.
      await this.heed(running);
      // Whoever wrote it may be gone: then it is ended here.
      await this.takeOver(record);
      const mine = this.active.get(record.name);
      if (mine !== undefined) return this.finish(mine, stops);
      if (performance.now() > deadline) {
        throw new SluiceError(
          'SERVICE_UNAVAILABLE',
          `the recording ${JSON.stringify(record.name)} does not end in time`,
        );
      }
      await delay(LOOK_EVERY_MS);
    }
  }

  private async finish(recording: ActiveRecording, stops: Awaited<ReturnType<ActiveRecording['ends']>>): Promise<void> {
    try {
      await recording.finish(stops, null);
    } catch (error) {
      await this.fail(recording, error);
      throw failureOf(error);
    }
    await this.retire(recording);
    this.parts.logger.info({ recording: recording.record.name }, 'recording ended');
  }

  /** Nothing more can be written, most likely because the disk is full: what there is is made readable. */
  private async fail(recording: ActiveRecording, error: unknown): Promise<void> {
    if (this.active.get(recording.record.name) !== recording || recording.isGivenUp) return;
    const { message, code } = failureOf(error);
    this.parts.logger.error({ recording: recording.record.name, code, err: error }, 'recording ended by a failure');
    await recording.giveUp(message).catch(() => undefined);
    await this.retire(recording).catch(() => undefined);
  }

  private async retire(recording: ActiveRecording): Promise<void> {
    this.active.delete(recording.record.name);
    try {
      await this.register.remove(recording.record);
    } finally {
      // Else it would be renewed for ever, and nobody could record under the name.
      await recording.leave();
    }
  }

  /** Looks for recordings that nobody writes, or whose end another process has asked for. */
  private round(): void {
    if (this.isClosing || this.isLooking) return;
    this.isLooking = true;
    this.inTurn(() => this.lookAround())
      .catch(() => undefined)
      .finally(() => (this.isLooking = false));
  }

  private async lookAround(): Promise<void> {
    const running = await this.running();
    await this.heed(running);
    for (const record of running) if (!this.active.has(record.name) && !this.isClosing) await this.takeOver(record);
  }

  /** Ends what another process has asked to end, and leaves what is another's now. */
  private async heed(running: readonly RunningRecording[]): Promise<void> {
    for (const recording of this.active.values()) {
      const record = running.find(({ run }) => run === recording.record.run);
      if (recording.isLost || record === undefined) {
        await this.dropActive(recording.record.name, async (it) => {
          await it.suspend(false);
          await it.leave();
        });
      } else if (record.isStopping) {
        await this.finish(recording, (await this.register.stops(record)) ?? (await recording.ends())).catch(
          () => undefined,
        );
      }
    }
  }

  private async takeOver(record: RunningRecording): Promise<void> {
    const lease = await RecordingLease.take(this.parts.commands, record.name);
    if (lease === null) return;
    try {
      // It may have ended since it was listed: its process takes it off the list before it gives the lease back.
      if ((await this.running()).some(({ run }) => run === record.run)) await this.begin(record, lease);
      else await lease.leave();
    } catch (error) {
      this.parts.logger.warn({ recording: record.name, err: error }, 'a recording cannot go on yet');
      await this.dropActive(record.name, (recording) => recording.suspend(true));
      await lease.leave();
    }
  }

  private async dropActive(name: string, end: (recording: ActiveRecording) => Promise<void>): Promise<void> {
    const recording = this.active.get(name);
    if (recording === undefined) return;
    this.active.delete(name);
    await end(recording);
  }

  /** Leaves all recordings to the process that comes next. */
  private async suspend(): Promise<void> {
    this.isClosing = true;
    if (this.timer !== null) clearInterval(this.timer);
    await this.inTurn(async () => {
      for (const name of [...this.active.keys()]) {
        await this.dropActive(name, async (recording) => {
          await recording.suspend(true);
          await recording.leave();
        });
      }
    });
  }

  /** @throws SluiceError `DISK_FULL` with less free room than the floor */
  async assertRoom(): Promise<void> {
    const free = await this.parts.freeBytes();
    if (free >= this.parts.minFreeBytes) return;
    throw new SluiceError('DISK_FULL', `only ${free} bytes are free on the disk of recordings`);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }
}

function startedLine({ startedAt, by }: RunningRecording): { type: 'started'; at: string; by: string } {
  return { type: 'started', at: startedAt, by };
}
