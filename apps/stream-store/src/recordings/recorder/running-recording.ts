import { globMatcher } from '@sluice/stream-log';
import { type Identity } from '@sluice/service-kit';

/** A recording that runs, as Redis keeps it: whoever records it next goes by this. */
export interface RunningRecording {
  readonly name: string;
  /** One for each start. */
  readonly run: string;
  readonly startedAt: string;
  /** Who started it. */
  readonly by: string;
  /** What they may do: streams that appear later are recorded if they may read them. */
  readonly scopes: readonly string[];
  /** Names or patterns of the streams to record; null: all. */
  readonly sids: readonly string[] | null;
  /** The one that `current` shows, that `stop` without a name stops, and that another start replaces. */
  readonly isCurrent: boolean;
  /** Another process has asked for its end. */
  readonly isStopping: boolean;
}

/** Whether a recording takes a stream: one that its starter may read, and whose name was asked for. */
export function takes(recording: RunningRecording, mayRead: Identity['allows']): (key: string, sid: string) => boolean {
  const matchers = recording.sids?.map((sid) => globMatcher(sid)) ?? null;
  return (key, sid) => mayRead('stream:read', key) && (matchers === null || matchers.some((matches) => matches(sid)));
}

/** Reads what {@link RunningRecording} was written as; null for anything else. */
export function parseRunning(text: string): RunningRecording | null {
  try {
    const value = JSON.parse(text) as RunningRecording;
    return typeof value.name === 'string' && typeof value.run === 'string' ? value : null;
  } catch {
    return null;
  }
}
