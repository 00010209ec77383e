import { randomUUID } from 'node:crypto';
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

/** How a recording is asked for. */
export interface StartRequest {
  readonly name: string;
  /** Names or patterns of streams; null: all. */
  readonly sids: readonly string[] | null;
  /** It runs beside the current one instead of replacing it. */
  readonly isParallel: boolean;
  /** Asked before a running recording is replaced. @throws SluiceError when the starter may not */
  mayReplace(running: RunningRecording): Promise<void>;
}

/** A recording that begins. */
export function newRecording(request: StartRequest, identity: Identity): RunningRecording {
  return {
    name: request.name,
    run: randomUUID(),
    startedAt: new Date().toISOString(),
    by: identity.subject,
    scopes: identity.scopes,
    sids: request.sids,
    isCurrent: !request.isParallel,
    isStopping: false,
  };
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
