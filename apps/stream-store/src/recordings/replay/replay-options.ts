import { SluiceError } from '@sluice/contracts';
import { QueryReader, type Query } from '../../dialect/parameters.js';
import { assertFileName } from '../disk/layout.js';

/** What the URL of a replay says. */
export interface ReplayOptions {
  readonly name: string;
  readonly sids: readonly string[];
  /** Put before each name; the stream of that name gets the entries. */
  readonly prefix: string;
  /** Recorded seconds in one; infinite for full speed. */
  readonly speed: number;
  /** Milliseconds between messages of progress. */
  readonly intervalMs: number;
  readonly isLooping: boolean;
  /** Seconds of the recording, from its first entry on; null: its end. */
  readonly start: number;
  readonly end: number | null;
}

const MAX_SIDS = 256;
/** Longest time between messages of progress, and least. */
const MAX_INTERVAL_SECONDS = 3600;
const MIN_INTERVAL_SECONDS = 0.01;
const MIN_SPEED = 0.001;
const MAX_SPEED = 1000;

/** @throws ParameterError, SluiceError `INVALID_NAME` */
export function readReplayOptions(params: Query): ReplayOptions {
  const query = new QueryReader(params);
  const name = query.text('rec_id', '');
  if (name === '') query.refuse('rec_id', 'field required', 'value_error.missing');
  // A plus sign in a query has become a space.
  const sids = [...new Set(query.text('sid', 'main').split(/[+ ]/))].filter((sid) => sid !== '');
  if (sids.length === 0) query.refuse('sid', 'names no stream');
  if (sids.length > MAX_SIDS) query.refuse('sid', `names more than ${MAX_SIDS} streams`);
  const interval = query.number('interval', 1, 0);
  const speed = query.number('speed', 1, MIN_SPEED);
  const start = query.number('start', 0, 0);
  const end = query.has('end') ? query.number('end', 0, 0) : null;
  if (end !== null && end < start) query.refuse('end', 'lies before the start');
  if (speed > MAX_SPEED) query.refuse('speed', `is larger than ${MAX_SPEED}`);
  const options: ReplayOptions = {
    name,
    sids,
    prefix: query.text('prefix', ''),
    speed: query.boolean('fullspeed', false) ? Number.POSITIVE_INFINITY : speed,
    intervalMs: 1000 * Math.min(MAX_INTERVAL_SECONDS, Math.max(MIN_INTERVAL_SECONDS, interval)),
    isLooping: query.boolean('loop', false),
    start,
    end,
  };
  query.assertValid();
  assertFileName(name, 'name of a recording');
  return options;
}

/** What a client asks of a replay that runs. */
export type ReplayCommand =
  { readonly pause: true } | { readonly resume: true } | { readonly seek: number } | { readonly speed: number };

const MAX_MESSAGE_CHARACTERS = 1024;

/** Reads a text message of the client. @throws SluiceError `INVALID_PARAMETER` */
export function readReplayCommand(text: string): ReplayCommand {
  const command = text.length > MAX_MESSAGE_CHARACTERS ? null : parseObject(text);
  if (command?.['pause'] === true) return { pause: true };
  if (command?.['resume'] === true) return { resume: true };
  const { seek, speed } = command ?? {};
  if (typeof seek === 'number' && Number.isFinite(seek) && seek >= 0) return { seek };
  if (typeof speed === 'number' && speed >= MIN_SPEED && speed <= MAX_SPEED) return { speed };
  const forms = '{"pause":true}, {"resume":true}, {"seek":seconds} and {"speed":0.001 to 1000}';
  throw new SluiceError('INVALID_PARAMETER', `a replay understands ${forms}, not ${text.slice(0, 40)}`);
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
