import { parseLoneOffset, parsePtgPushHeader, type PtgPushHeader, type PushPart } from '@sluice/wire';
import { COMMA_ACKS, type AckForm } from '../ingest/ack-frames.js';
import { assertHeader, wrongFrame } from '../ingest/frame-types.js';
import { type EntryIntake, type PushDialect } from '../ingest/push-session.js';
import { refusing } from '../streams/refusing.js';
import { frameTimeId } from './frame-time.js';
import { writableKeyOfSid } from './ptg-names.js';
import { type PtgPushOptions } from './push-options.js';

/** Pushes of the ptg dialect: bare data, or with `batch` a header and the data of its entries. */
export class PtgFrames implements PushDialect {
  readonly acks: AckForm | null;
  private header: Buffer | null = null;
  /** What a header of bare numbers means: the streams of the last one that named some, before that those of the path. */
  private sids: readonly string[] | null;

  constructor(
    private readonly options: PtgPushOptions,
    private readonly hasDevices: boolean,
  ) {
    this.acks = options.acks ? COMMA_ACKS : null;
    this.sids = options.sids;
  }

  takeFrame(data: Buffer, isBinary: boolean, intake: EntryIntake): void {
    if (!this.options.isBatch) this.takeBare(data, isBinary, intake);
    else if (this.header === null) this.takeHeader(data, isBinary);
    else this.takeBatch(this.header, data, isBinary, intake);
  }

  keyOf(sid: string): string {
    return writableKeyOfSid(sid, this.hasDevices);
  }

  private takeBare(data: Buffer, isBinary: boolean, intake: EntryIntake): void {
    if (!isBinary) throw wrongFrame('a text frame came where a binary frame was due (the socket has no batch=1)');
    intake.pushOne(this.sids?.[0] as string, data, this.idOf(data));
  }

  private takeHeader(data: Buffer, isBinary: boolean): void {
    assertHeader(data, isBinary);
    this.header = data;
  }

  private takeBatch(header: Buffer, data: Buffer, isBinary: boolean, intake: EntryIntake): void {
    if (!isBinary) throw wrongFrame('a text frame came where the binary frame of a header was due');
    if (this.sids?.length === 1 && parseLoneOffset(header) === data.length) {
      intake.pushOne(this.sids[0] as string, data, this.idOf(data));
    } else {
      const { parts, sids } = refusing(() => parsePtgPushHeader(header.toString(), data.length, this.sids));
      this.pushParts(parts, data, intake);
      this.sids = sids ?? this.sids;
    }
    this.header = null;
  }

  private pushParts(parts: PtgPushHeader['parts'], data: Buffer, intake: EntryIntake): void {
    if (parts.length === 0) intake.pushNothing();
    else intake.pushParts(this.options.readsTime ? parts.map((part) => this.withTime(part, data)) : parts, data);
  }

  /** An id that the header gives goes before that of the frame. */
  private withTime(part: PushPart, data: Buffer): PushPart {
    return part.id === null ? { ...part, id: this.idOf(data.subarray(part.start, part.end)) } : part;
  }

  private idOf(payload: Buffer): string | null {
    return this.options.readsTime ? frameTimeId(payload) : null;
  }
}
