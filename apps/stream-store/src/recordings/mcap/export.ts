import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { McapWriter, type IWritable } from '@mcap/core';
import { SluiceError } from '@sluice/contracts';
import { type RecordedStream } from '../disk/recording-folders.js';
import { rangeOf } from '../library/info.js';
import { mergeById } from '../library/merge.js';
import { readRecorded, type RecordedEntry } from '../library/recorded-entries.js';
import { PROFILE, canTell, timeOfId } from './message-ids.js';

const EVERYTHING = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };
/** Metadata of a channel whose messages are the fields of another one's entries. */
export const FIELDS_OF = 'sluice.fieldsOf';
/** Metadata of a channel that holds that of its stream, as JSON. */
export const STREAM_META = 'sluice.meta';

/**
 * A recording as an MCAP file: a channel for each stream, a message for each entry, logged at the entry's time. What is sent is in memory
 * a chunk at a time.
 * @param metas metadata of streams by their names
 * @throws SluiceError `RECORDING_DAMAGED`
 */
export async function exportMcap(
  streams: readonly RecordedStream[],
  metas: ReadonlyMap<string, string>,
): Promise<Readable> {
  for (const stream of streams) {
    const range = await rangeOf(stream);
    if (range !== null && !canTell(range[1])) {
      throw new SluiceError(
        'RECORDING_DAMAGED',
        `${stream.sid}: entry ${range[1]} is later than an MCAP file can tell`,
      );
    }
  }
  const output = new PassThrough({ highWaterMark: 1024 * 1024 });
  writeAll(streams, metas, new Output(output)).then(
    () => output.end(),
    (error: unknown) => output.destroy(error as Error),
  );
  return output;
}

async function writeAll(
  streams: readonly RecordedStream[],
  metas: ReadonlyMap<string, string>,
  writable: IWritable,
): Promise<void> {
  const writer = new McapWriter({ writable });
  await writer.start({ profile: PROFILE, library: PROFILE });
  const channels: number[] = [];
  for (const { sid } of streams) {
    const meta = metas.get(sid);
    channels.push(await register(writer, sid, '', meta === undefined ? [] : [[STREAM_META, meta]]));
  }
  const fieldChannels = new Map<number, number>();
  for await (const { entry, source } of mergeById(
    streams.map((stream) => readRecorded(stream, EVERYTHING)),
    false,
  )) {
    if (entry.fields !== null) {
      const sid = (streams[source] as RecordedStream).sid;
      let channel = fieldChannels.get(source);
      if (channel === undefined) {
        channel = await register(writer, sid, 'json', [[FIELDS_OF, sid]]);
        fieldChannels.set(source, channel);
      }
      await add(writer, channel, { ...entry, payload: fieldsJson(entry) });
    }
    await add(writer, channels[source] as number, entry);
  }
  await writer.end();
}

function register(
  writer: McapWriter,
  topic: string,
  messageEncoding: string,
  metadata: [string, string][],
): Promise<number> {
  return writer.registerChannel({ schemaId: 0, topic, messageEncoding, metadata: new Map(metadata) });
}

async function add(writer: McapWriter, channelId: number, { id, payload }: RecordedEntry): Promise<void> {
  const { logTime, sequence } = timeOfId(id);
  await writer.addMessage({ channelId, sequence, logTime, publishTime: logTime, data: payload });
}

function fieldsJson({ fields }: RecordedEntry): Buffer {
  const values = (fields ?? []).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  return Buffer.from(JSON.stringify(values));
}

/** Writes no faster than the client reads. */
class Output implements IWritable {
  private written = 0n;
  private readonly gone = new AbortController();

  constructor(private readonly stream: PassThrough) {
    stream.once('close', () => this.gone.abort());
  }

  position(): bigint {
    return this.written;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.written += BigInt(bytes.byteLength);
    this.gone.signal.throwIfAborted();
    // The writer uses its buffer again.
    if (!this.stream.write(Buffer.from(bytes))) await once(this.stream, 'drain', { signal: this.gone.signal });
  }
}
