import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { McapStreamReader, type McapTypes } from '@mcap/core';
import { SluiceError } from '@sluice/contracts';
import { SIDE_FOLDER } from '../disk/layout.js';
import { appendManifest, type ManifestLine } from '../disk/manifest.js';
import { MAX_STREAMS } from '../disk/recording-folders.js';
import { FIELDS_OF, STREAM_META } from './export.js';
import { ImportTrack } from './import-track.js';
import { PROFILE, idOfMessage } from './message-ids.js';
import { RecordSizes } from './record-sizes.js';

/** What an import may do. */
export interface ImportLimits {
  /** Payload bytes of all entries together. */
  readonly maxBytes: number;
  /** @throws SluiceError for a stream that the importer may not write */
  assertStream(sid: string): unknown;
  /** Asked now and then. @throws SluiceError `DISK_FULL` */
  assertRoom(): Promise<void>;
}

/** Largest chunk, unpacked. */
const MAX_CHUNK_BYTES = 64 * 1024 * 1024;
/** One for each stream, and one for the fields of its entries. */
const MAX_CHANNELS = 2 * MAX_STREAMS;
/** Files open at once; the oldest zips are finished before more are begun. */
const MAX_OPEN_PARTS = 256;
/** What a message takes in its file beside its data: what has none is not for free. */
const MESSAGE_OVERHEAD_BYTES = 31;
const WRITE_ABOVE_BYTES = 4 * 1024 * 1024;
const METADATA_BYTES = 64 * 1024;

type Channel = { readonly track: ImportTrack; readonly holdsFields: boolean };

/**
 * Reads an MCAP file as it comes in and writes a recording to a folder of its own: a stream for each topic, an entry for each message.
 * @throws SluiceError `INVALID_PARAMETER` for what is no MCAP file, `UNSUPPORTED_MEDIA_TYPE` for a compression that is not known, `MESSAGE_TOO_LARGE`
 */
export async function importMcap(
  source: AsyncIterable<Buffer>,
  folder: string,
  by: string,
  limits: ImportLimits,
): Promise<void> {
  const importer = new Importer(folder, limits);
  await mkdir(join(folder, SIDE_FOLDER), { recursive: true });
  await appendManifest(folder, [{ type: 'started', at: new Date().toISOString(), by }]);
  try {
    for await (const bytes of source) await importer.take(bytes);
    await importer.finish();
  } catch (error) {
    await importer.abandon();
    throw error;
  }
}

class Importer {
  private readonly sizes = new RecordSizes();
  private readonly reader = new McapStreamReader({
    includeChunks: true,
    decompressHandlers: { zstd: (bytes, size) => this.unpack(bytes, size), lz4: refuseLz4 },
  });
  private readonly tracks = new Map<string, ImportTrack>();
  private readonly channels = new Map<number, Channel>();
  private readonly open = new Set<ImportTrack>();
  private isOwn = false;
  private total = 0;
  private waiting = 0;

  constructor(
    private readonly folder: string,
    private readonly limits: ImportLimits,
  ) {}

  async take(bytes: Buffer): Promise<void> {
    this.read(() => this.reader.append(bytes));
    for (let record = this.next(); record !== undefined; record = this.next()) {
      this.takeRecord(record);
      if (this.waiting >= WRITE_ABOVE_BYTES) await this.write();
    }
    // Of what has only begun: the reader reads it when it is whole.
    this.sizes.take(bytes);
  }

  async finish(): Promise<void> {
    if (!this.reader.done()) throw unreadable('it ends before its footer');
    await this.write();
    const tracks = [...this.tracks.values()].filter(({ last }) => last !== null);
    if (tracks.length === 0) throw unreadable('it has no messages');
    for (const track of tracks) await track.seal();
    const lines = tracks.map(({ sid, folder, meta }): ManifestLine => ({
      type: 'stream',
      sid,
      folder,
      after: '0-0',
      meta,
    }));
    await appendManifest(this.folder, [...lines, { type: 'stopped', at: new Date().toISOString(), reason: null }]);
  }

  async abandon(): Promise<void> {
    for (const track of this.tracks.values()) await track.abandon();
  }

  private next(): McapTypes.TypedMcapRecord | undefined {
    return this.read(() => this.reader.nextRecord());
  }

  private read<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw error instanceof SluiceError ? error : unreadable((error as Error).message, error);
    }
  }

  private takeRecord(record: McapTypes.TypedMcapRecord): void {
    if (record.type === 'Header') this.isOwn = record.profile === PROFILE;
    else if (record.type === 'Chunk' && record.compression === '') this.sizes.takeChunk(record.records);
    else if (record.type === 'Channel') this.takeChannel(record);
    else if (record.type === 'Message') this.takeMessage(record);
  }

  private takeChannel({ id, topic, metadata }: McapTypes.Channel): void {
    if (this.channels.has(id)) return;
    if (this.channels.size >= MAX_CHANNELS) throw unreadable(`it has more than ${MAX_CHANNELS} channels`);
    const fieldsOf = this.isOwn ? metadata.get(FIELDS_OF) : undefined;
    const sid = fieldsOf ?? topic;
    let track = this.tracks.get(sid);
    if (track === undefined) {
      this.limits.assertStream(sid);
      const meta = metadata.get(STREAM_META) ?? null;
      track = new ImportTrack(this.folder, sid, meta !== null && meta.length <= METADATA_BYTES ? meta : null);
      this.tracks.set(sid, track);
    }
    this.channels.set(id, { track, holdsFields: fieldsOf !== undefined });
  }

  private takeMessage(message: McapTypes.Message): void {
    const channel = this.channels.get(message.channelId);
    if (channel === undefined) throw unreadable(`a message of the unknown channel ${message.channelId}`);
    const { track, holdsFields } = channel;
    const { buffer, byteOffset, byteLength } = message.data;
    const payload = Buffer.from(buffer, byteOffset, byteLength);
    this.total += payload.length + MESSAGE_OVERHEAD_BYTES;
    this.waiting += payload.length + 256;
    if (this.total > this.limits.maxBytes) {
      throw new SluiceError('MESSAGE_TOO_LARGE', `the messages are larger than ${this.limits.maxBytes} bytes`);
    }
    if (holdsFields) track.addFields(fieldsText(payload));
    else track.add(idOfMessage(message, this.isOwn, track.last), payload);
  }

  private async write(): Promise<void> {
    this.waiting = 0;
    await this.limits.assertRoom();
    for (const track of this.tracks.values()) {
      if (!track.hasEntries) continue;
      // Whoever writes now is the last whose zip is finished for others.
      this.open.delete(track);
      await this.finishOldest();
      await track.write();
      if (track.isOpen) this.open.add(track);
    }
  }

  private async finishOldest(): Promise<void> {
    for (const track of this.open) {
      if (this.open.size < MAX_OPEN_PARTS) return;
      this.open.delete(track);
      await track.seal();
    }
  }

  private unpack(bytes: Uint8Array, size: bigint): Uint8Array {
    const unpacked = unpackZstd(bytes, size);
    this.sizes.takeChunk(unpacked);
    return unpacked;
  }
}

/** Fields of an entry as the side file has them. @throws SluiceError `INVALID_PARAMETER` */
function fieldsText(payload: Buffer): string {
  try {
    const fields: unknown = JSON.parse(payload.toString('utf8'));
    const isPair = (pair: unknown): boolean =>
      Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
    if (Array.isArray(fields) && fields.every(isPair)) return JSON.stringify(fields);
  } catch {
    // Told below, as what is JSON and no fields.
  }
  throw unreadable('a message that should hold fields does not');
}

function unpackZstd(bytes: Uint8Array, size: bigint): Uint8Array {
  if (size > BigInt(MAX_CHUNK_BYTES)) {
    throw new SluiceError(
      'MESSAGE_TOO_LARGE',
      `the file has a chunk that unpacks to more than ${MAX_CHUNK_BYTES} bytes`,
    );
  }
  const unpacked = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, Number(size)) });
  if (unpacked.length !== Number(size)) throw unreadable('a chunk has not the size it says');
  return unpacked;
}

function refuseLz4(): never {
  const message = 'the file has chunks compressed with lz4, which cannot be read: write it with zstd or uncompressed';
  throw new SluiceError('UNSUPPORTED_MEDIA_TYPE', message);
}

function unreadable(problem: string, cause?: unknown): SluiceError {
  const message = `the file is no MCAP file that can be read: ${problem.slice(0, 200)}`;
  return new SluiceError('INVALID_PARAMETER', message, cause === undefined ? {} : { cause });
}
