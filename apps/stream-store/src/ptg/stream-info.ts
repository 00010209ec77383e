import { SluiceError } from '@sluice/contracts';
import { RedisCommands } from '@sluice/stream-log';
import { Injectable } from '@nestjs/common';
import { entryTimeMs } from '@sluice/wire';
import { StreamMeta } from '@sluice/catalog';
import { localTime } from './local-time.js';

/** What the dialect tells of one stream; fields of Redis under the names that Redis gives them. */
export type PtgStreamInfo = Readonly<Record<string, string | number | null>>;

/** One stream by both its names. */
export interface NamedStream {
  readonly key: string;
  readonly sid: string;
}

/** Streams described at a time. */
const CHUNK_STREAMS = 64;
/** XINFO brings the first and the last entry with it: about so many bytes of them are asked for at once. */
const BATCH_BYTES = 8 * 1024 * 1024;
const SAMPLES = 5;
const ENTRY_FIELDS: ReadonlySet<string> = new Set(['first-entry', 'last-entry']);

/** Reads what Redis and the catalogue know of streams. */
@Injectable()
export class StreamInfoReader {
  constructor(
    private readonly commands: RedisCommands,
    private readonly meta: StreamMeta,
  ) {}

  /** In order, a chunk at a time, so that a list of any length takes little memory. @throws SluiceError LOG_UNAVAILABLE */
  async *read(streams: readonly NamedStream[]): AsyncGenerator<PtgStreamInfo[]> {
    for (let at = 0; at < streams.length; at += CHUNK_STREAMS) {
      yield await this.readChunk(streams.slice(at, at + CHUNK_STREAMS));
    }
  }

  /** Of a stream that does not exist: its `error`. @throws SluiceError LOG_UNAVAILABLE */
  async readOne(stream: NamedStream): Promise<PtgStreamInfo> {
    return (await this.readChunk([stream]))[0] as PtgStreamInfo;
  }

  private async readChunk(streams: readonly NamedStream[]): Promise<PtgStreamInfo[]> {
    const metas = await this.meta.getMany(streams.map(({ key }) => key));
    const infos: PtgStreamInfo[] = [];
    for (const batch of inBatches(streams, await this.entryBytes(streams))) {
      const replies = await this.commands.runAll(
        batch.map(({ key }) => ({ name: 'XINFO', args: ['STREAM', key], subject: `stream "${key}"`, isBinary: true })),
      );
      batch.forEach(({ sid }, index) => infos.push(describe(sid, replies[index], metas[infos.length] ?? null)));
    }
    return infos;
  }

  /** About how many bytes an entry of each stream has. */
  private async entryBytes(streams: readonly NamedStream[]): Promise<number[]> {
    const replies = await this.commands.runAll(
      streams.flatMap(({ key }) => [
        { name: 'XLEN', args: [key], subject: `stream "${key}"` },
        { name: 'MEMORY', args: ['USAGE', key, 'SAMPLES', SAMPLES], subject: `stream "${key}"` },
      ]),
    );
    return streams.map((_stream, index) => {
      const [length, bytes] = [Number(replies[2 * index]), Number(replies[2 * index + 1] ?? 0)];
      return length > 0 ? bytes / length : 0;
    });
  }
}

function* inBatches(streams: readonly NamedStream[], entryBytes: readonly number[]): Generator<NamedStream[]> {
  let batch: NamedStream[] = [];
  let bytes = 0;
  for (const [index, stream] of streams.entries()) {
    batch.push(stream);
    bytes += 2 * (entryBytes[index] as number);
    if (bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function describe(sid: string, reply: unknown, meta: string | null): PtgStreamInfo {
  if (reply instanceof SluiceError) {
    if (!isMissing(reply)) throw reply;
    return { sid, error: 'no such key', meta };
  }
  const fields = fieldsOf(reply);
  return {
    sid,
    ...fields,
    'first-entry-time': timeOf(fields['first-entry']),
    'last-entry-time': timeOf(fields['last-entry']),
    meta,
  };
}

/** There is no such key, or what it holds is no stream. */
function isMissing({ code, cause }: SluiceError): boolean {
  return code === 'WRONG_KEY_TYPE' || (cause instanceof Error && cause.message.includes('no such key'));
}

/** Names and values of an XINFO reply; of entries their ids. */
function fieldsOf(reply: unknown): Record<string, string | number | null> {
  const values = Array.isArray(reply) ? (reply as unknown[]) : [];
  const fields: Record<string, string | number | null> = {};
  for (let at = 0; at + 1 < values.length; at += 2) {
    const [name, value] = [String(values[at]), values[at + 1]];
    if (ENTRY_FIELDS.has(name)) fields[name] = Array.isArray(value) ? String(value[0]) : null;
    else if (typeof value === 'number') fields[name] = value;
    else if (typeof value === 'string' || Buffer.isBuffer(value)) fields[name] = value.toString();
  }
  return fields;
}

function timeOf(id: string | number | null | undefined): string | null {
  return typeof id === 'string' ? localTime(entryTimeMs(id)) : null;
}
