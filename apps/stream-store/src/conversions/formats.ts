import { SluiceError } from '@sluice/contracts';

/** What entries can be read as, and made of. */
const FORMATS = [
  'same',
  'null',
  'json',
  'ndarray',
  'holo',
  'jpg',
  'jpeg',
  'png',
  'compressedimage',
  'image',
  'nv12',
] as const;

/** One of the names that `input` and `output` know. */
export type Format = (typeof FORMATS)[number];

/** Formats that say what bytes are: neither what drops them nor what leaves them as they are. */
export type MadeFormat = Exclude<Format, 'same' | 'null'>;

const CAMERAS = ['main', 'gll', 'glf', 'grf', 'grr', 'depthlt'];
/** Streams of a headset: read as its frames when nothing else is asked for. */
const HEADSET_STREAMS = new Set([
  ...CAMERAS,
  ...CAMERAS.map((camera) => `${camera}Cal`),
  'imuaccel',
  'imugyro',
  'imumag',
  'mic0',
  'hand',
  'eye',
]);

/**
 * The format that a parameter names.
 * @param parameter its name, for the message
 * @throws SluiceError `INVALID_PARAMETER` naming it
 */
export function parseFormat(name: string, parameter: 'input' | 'output'): Format {
  const wanted = name.toLowerCase();
  const format = FORMATS.find((known) => known === wanted);
  if (format !== undefined) return format;
  const shown = JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
  throw new SluiceError('INVALID_PARAMETER', `${parameter} ${shown} is not one of ${FORMATS.join(', ')}`);
}

/**
 * What entries of a stream are read as: the format asked for, or headset frames where the stream is one of a headset's,
 * also under a device (`cam1:main`).
 * @throws SluiceError `INVALID_PARAMETER` naming the stream when nothing is asked for and nothing is known
 */
export function inputFormat(sid: string, input: string | null): Format {
  if (input !== null && input !== '') return parseFormat(input, 'input');
  if (HEADSET_STREAMS.has(sid.slice(sid.lastIndexOf(':') + 1))) return 'holo';
  const shown = JSON.stringify(sid.length > 128 ? `${sid.slice(0, 128)}…` : sid);
  throw new SluiceError('INVALID_PARAMETER', `what stream ${shown} holds is not known: name it with input=`);
}

/** @throws SluiceError `INVALID_PARAMETER` for names that are none, and for streams of which nothing is known */
export function assertConvertible(names: { sid: string; input: string | null; output: string }): void {
  const output = parseFormat(names.output, 'output');
  if (output !== 'same' && output !== 'null') inputFormat(names.sid, names.input);
}
