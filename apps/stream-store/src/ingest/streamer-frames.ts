import { SluiceError } from '@sluice/contracts';
import { parseLoneOffset, parsePushHeader, quoteValue } from '@sluice/wire';
import { addressOf } from '../dialect/addresses.js';
import { JSON_ACKS, type AckForm } from './ack-frames.js';
import { assertHeader, wrongFrame } from './frame-types.js';
import { type PushOptions } from './push-options.js';
import { type EntryIntake, type PushDialect } from './push-session.js';

/** Pushes of the redis-streamer dialect: a header and its data, or bare data. */
export class StreamerFrames implements PushDialect {
  readonly acks: AckForm | null;
  private header: Buffer | null = null;
  private isWidened = false;

  /** @param noteOtherStream told once when a header names a stream that the path does not: the header wins */
  constructor(
    private readonly options: PushOptions,
    private readonly noteOtherStream: (sid: string) => void,
  ) {
    this.acks = options.acks ? JSON_ACKS : null;
  }

  takeFrame(data: Buffer, isBinary: boolean, intake: EntryIntake): void {
    if (!this.options.hasHeader) this.takeBare(data, isBinary, intake);
    else if (this.header === null) this.takeHeader(data, isBinary);
    else this.takePayload(this.header, data, isBinary, intake);
  }

  keyOf(sid: string): string {
    const { sids, isStrict, addressing } = this.options;
    if (!sids.includes(sid)) {
      if (isStrict) throw new SluiceError('INVALID_HEADER', `stream ${quoteValue(sid)} is not in the path (strict=1)`);
      if (!this.isWidened) this.noteOtherStream(sid);
      this.isWidened = true;
    }
    return addressOf(sid, addressing).key;
  }

  private takeBare(data: Buffer, isBinary: boolean, intake: EntryIntake): void {
    if (!isBinary) throw wrongFrame('a text frame came where a binary frame was due (the socket has header=0)');
    intake.pushOne(this.options.sids[0] as string, data, null);
  }

  private takeHeader(data: Buffer, isBinary: boolean): void {
    assertHeader(data, isBinary);
    this.header = data;
  }

  private takePayload(header: Buffer, data: Buffer, isBinary: boolean, intake: EntryIntake): void {
    if (!isBinary) throw wrongFrame('a text frame came where the binary frame of a header was due');
    const { sids } = this.options;
    if (sids.length === 1 && parseLoneOffset(header) === data.length) intake.pushOne(sids[0] as string, data, null);
    else intake.pushParts(parsePushHeader(header.toString(), data.length, sids), data);
    this.header = null;
  }
}
