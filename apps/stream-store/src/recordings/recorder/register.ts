import { type RedisCommands, type StreamLog } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { CURRENT_EVENTS_KEY, CURRENT_KEY, RUNNING_KEY, startsKey, stopsKey } from '../keys.js';
import { loadPositions, savePositions } from './positions.js';
import { parseRunning, type RunningRecording } from './running-recording.js';
import { CHANGE_RECORDING, ENTER_RECORDING } from './scripts.js';

/** A hash without a field is none; this one says that positions were kept. */
const KEPT: readonly [string, EntryId] = ['', '0-0'];

/** What Redis knows of the recordings that run: the same for every process. */
export class RecordingRegister {
  constructor(
    private readonly commands: RedisCommands,
    private readonly log: StreamLog,
  ) {}

  /** Recordings that run, in no order. @throws SluiceError LOG_UNAVAILABLE */
  async running(): Promise<RunningRecording[]> {
    const args = [RUNNING_KEY];
    const texts = (await this.commands.run({ name: 'HVALS', args, subject: 'recordings' })) as string[];
    return texts.map(parseRunning).filter((record) => record !== null);
  }

  /** Enters a recording; false when another one is in its way. */
  async enter(record: RunningRecording): Promise<boolean> {
    const args = [record.name, JSON.stringify(record), record.run];
    const inTheWay = await this.commands.runScript(ENTER_RECORDING, [RUNNING_KEY], args, subjectOf(record));
    return inTheWay === '';
  }

  /** Tells of the recording that is the current one now; null: none is. */
  async tellCurrent(name: string | null): Promise<void> {
    const subject = 'current recording';
    if (name === null) await this.commands.run({ name: 'DEL', args: [CURRENT_KEY], subject });
    else await this.commands.run({ name: 'SET', args: [CURRENT_KEY, name], subject });
    await this.log.append(CURRENT_EVENTS_KEY, Buffer.from(name ?? ''));
  }

  /** Takes a recording off the list with all that was kept for it. */
  async remove(record: RunningRecording): Promise<void> {
    const { name } = record;
    const args = [name, record.run, ''];
    if ((await this.commands.runScript(CHANGE_RECORDING, [RUNNING_KEY], args, subjectOf(record))) !== 1) return;
    for (const key of [startsKey(name), stopsKey(name)]) {
      await this.commands.run({ name: 'DEL', args: [key], ...subjectOf(record) });
    }
    if (record.isCurrent) await this.tellCurrent(null);
  }

  async keepStarts({ name }: RunningRecording, starts: ReadonlyMap<string, EntryId>): Promise<void> {
    await savePositions(this.commands, startsKey(name), new Map([KEPT, ...starts]));
  }

  /** Null when none were kept: then the recording has not begun yet. */
  async starts({ name }: RunningRecording): Promise<Map<string, EntryId> | null> {
    const starts = await loadPositions(this.commands, startsKey(name));
    return starts.delete(KEPT[0]) ? starts : null;
  }

  /** Where another process wants it to end; null: wherever it stands. */
  async stops({ name }: RunningRecording): Promise<Map<string, EntryId> | null> {
    const stops = await loadPositions(this.commands, stopsKey(name));
    return stops.delete(KEPT[0]) ? stops : null;
  }

  /** Has the process that records it end it at these positions. */
  async askToStop(record: RunningRecording, stops: ReadonlyMap<string, EntryId>): Promise<void> {
    await savePositions(this.commands, stopsKey(record.name), new Map([KEPT, ...stops]));
    const args = [record.name, record.run, JSON.stringify({ ...record, isStopping: true })];
    if ((await this.commands.runScript(CHANGE_RECORDING, [RUNNING_KEY], args, subjectOf(record))) === 1) return;
    // It has ended meanwhile.
    await this.commands.run({ name: 'DEL', args: [stopsKey(record.name)], ...subjectOf(record) });
  }
}

function subjectOf({ name }: RunningRecording): { subject: string } {
  return { subject: `recording "${name}"` };
}
