import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { type Entry } from '@sluice/sdk';
import { entryTimeMs } from '@sluice/wire';
import { UsageError } from '../exit.js';
import { formatBytes } from '../format.js';
import { Pace } from '../pace.js';
import { SCREEN, toHalfBlocks } from '../picture/half-blocks.js';
import { PICTURE_FORMATS, parseShape, type PictureFormat } from '../picture/shape.js';
import { POSITION_HELP, parseFrom } from '../position.js';
import { type GlobalOptions, type Session } from '../session.js';
import { openSink } from '../sinks.js';
import { openSource } from '../sources.js';
import { type Runner } from './action.js';
import { positiveNumber, wholeNumber } from './numbers.js';

/** Loaded by the commands that need it: it brings a native library along. */
const loadPictures = () => import('../picture/encode.js');

interface PushImageOptions {
  readonly shape: string;
  readonly fps: number;
  readonly count?: number;
  readonly format: PictureFormat;
  readonly rest?: boolean;
}

interface PullImageOptions {
  readonly latest?: boolean;
  readonly from: string;
  readonly save?: string;
  readonly show?: boolean;
  readonly maxFps?: number;
  readonly count?: number;
  readonly rest?: boolean;
}

async function pushImages(session: Session, sid: string, options: PushImageOptions): Promise<void> {
  const shape = parseShape(options.shape);
  const { encodePicture } = await loadPictures();
  const progress = session.progress('pushed');
  const sink = await openSink(session, sid, progress, options);
  const pace = new Pace(options.fps, session.signal);
  const count = options.count ?? Number.POSITIVE_INFINITY;
  try {
    for (let frame = 0; frame < count && !session.signal.aborted; frame++) {
      await sink.push(await encodePicture(shape, frame, options.format));
      await pace.next();
    }
    await sink.flush();
  } finally {
    progress.end();
  }
}

/** Saves pictures as files, named by stream and entry. */
async function savePicture(session: Session, folder: string, entry: Entry): Promise<void> {
  const { describePicture } = await loadPictures();
  const info = await describePicture(entry.payload);
  const base = `${entry.stream}-${entry.id}`.replaceAll(/[^\w.-]+/g, '_');
  const path = join(folder, `${base}.${info === null ? 'bin' : info.format.replace('jpeg', 'jpg')}`);
  await writeFile(path, entry.payload);
  const { output } = session;
  if (output.isJson) {
    await output.json({ stream: entry.stream, id: entry.id, file: path, bytes: entry.payload.length, ...info });
  } else if (!output.isTerminal) await output.line(path);
}

async function showPicture(session: Session, entry: Entry): Promise<void> {
  const { output } = session;
  const ageMs = Date.now() - entryTimeMs(entry.id);
  const caption = `${entry.stream}  ${entry.id}  ${formatBytes(entry.payload.length)}  ${ageMs} ms old`;
  const { scalePicture } = await loadPictures();
  try {
    const { pixels, width, height } = await scalePicture(entry.payload, output.columns, (output.rows - 2) * 2);
    const lines = toHalfBlocks(pixels, width, height);
    await output.write(`${SCREEN.home}${lines.join(`${SCREEN.clearLine}\n`)}\n${caption}${SCREEN.clearLine}`);
  } catch {
    await output.write(`${SCREEN.home}${caption}: not a picture${SCREEN.clearLine}`);
  }
}

async function pullImages(session: Session, sid: string, options: PullImageOptions): Promise<void> {
  const { output } = session;
  const folder = options.save;
  const isShown = options.show === true || (folder === undefined && output.isTerminal);
  if (!isShown && folder === undefined) {
    throw new UsageError('where to put the pictures? give --save <folder>, or --show to see them in a terminal');
  }
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const source = { from: parseFrom(options.from), latest: options.latest, maxFps: options.maxFps, rest: options.rest };
  const entries = await openSource(session, [sid], source);
  const progress = isShown ? null : session.progress('pulled');
  let left = options.count ?? Number.POSITIVE_INFINITY;
  if (isShown) await output.write(SCREEN.begin);
  try {
    for await (const entry of entries) {
      if (folder !== undefined) await savePicture(session, folder, entry);
      if (isShown) await showPicture(session, entry);
      progress?.add(1, entry.payload.length);
      if (--left <= 0) break;
    }
  } finally {
    progress?.end();
    if (isShown) await output.write(SCREEN.end);
  }
}

/** Adds `push-image` and `pull-image`. */
export function addImageCommands(program: Command, run: Runner): void {
  program
    .command('push-image')
    .alias('push_image')
    .summary('push frames of a moving test picture')
    .description('Draw a moving picture and append its frames, until Ctrl-C.')
    .argument('<stream>', 'name of the stream')
    .option('--shape <shape>', '[height,width,3] in colour, [height,width] in grey', '[480,640,3]')
    .option('--fps <n>', 'frames a second; 0: as fast as they are taken', positiveNumber, 10)
    .option('--count <n>', 'end after so many frames', wholeNumber(1))
    .addOption(new Option('--format <kind>', 'file format').choices(PICTURE_FORMATS).default('jpeg'))
    .option('--rest', 'push over REST (redis-streamer dialect)')
    .addHelpText(
      'after',
      "\nExamples:\n  $ sluice push-image blah --shape '[700,700,3]'\n  $ sluice push-image grey --shape 400,200 --fps 5",
    )
    .action((stream: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PushImageOptions & GlobalOptions>();
      return run(options, (session) => pushImages(session, stream, options));
    });

  program
    .command('pull-image')
    .alias('pull_image')
    .summary('show pictures in the terminal, or save them')
    .description('Follow a stream of pictures: show them in the terminal, or save them as files, until Ctrl-C.')
    .argument('<stream>', 'name of the stream')
    .option('--latest', 'skip pictures that cannot be taken in time')
    .option('--from <position>', `where to begin: ${POSITION_HELP}`, 'now')
    .option('--save <folder>', 'save each picture as a file')
    .option('--show', 'show them in the terminal (default, when there is one)')
    .option('--max-fps <n>', 'pictures a second at most', positiveNumber)
    .option('--count <n>', 'end after so many pictures', wholeNumber(1))
    .option('--rest', 'poll over REST (redis-streamer dialect)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ sluice pull-image camera:video --latest\n  $ sluice pull-image blah --save frames --count 100',
    )
    .action((stream: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PullImageOptions & GlobalOptions>();
      return run(options, (session) => pullImages(session, stream, options));
    });
}
