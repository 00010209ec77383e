import { type LogEntry } from '@sluice/stream-log';
import { writeFrameHead } from '@sluice/service-kit';

/** Payloads from here on are handed to the socket as they are instead of being copied beside their frame heads. */
const COPY_BELOW_BYTES = 16 * 1024;
/** A message takes no further entry once it would pass this. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** How a pull socket wants its messages. */
export interface PullForm {
  /** At most so many entries of one stream a message. */
  readonly count: number;
  /** Send the JSON header frame before each binary frame. */
  readonly hasHeader: boolean;
  /** Offsets in the header are starts instead of ends. */
  readonly usesStarts: boolean;
}

/** One entry with the name that the header shows for its stream. */
export interface LabelledEntry {
  readonly label: string;
  readonly entry: LogEntry;
}

/** What every idle socket gets when it waited long enough: no entries, in the same two frames. */
export const IDLE_WITH_HEADER = Buffer.from([0x81, 2, 0x5b, 0x5d, 0x82, 0]);
export const IDLE_WITHOUT_HEADER = Buffer.from([0x82, 0]);

/** Encodes entries of one stream as messages of the pull dialect: whole frames, for any number of sockets. */
export function encodeBatch(entries: readonly LogEntry[], label: string, form: PullForm): Uint8Array[] {
  const quoted = JSON.stringify(label);
  const output = new FrameOutput(form.hasHeader, entries, Buffer.byteLength(quoted));
  if (form.count === 1) {
    const opening = Buffer.from(`[[${quoted},"`);
    for (const entry of entries) output.single(entry, opening, form.usesStarts);
    return output.pieces();
  }
  for (let at = 0; at < entries.length;) {
    let end = at + 1;
    let bytes = (entries[at] as LogEntry).payload.length;
    while (end < entries.length && end - at < form.count) {
      bytes += (entries[end] as LogEntry).payload.length;
      if (bytes > MAX_MESSAGE_BYTES) break;
      end++;
    }
    const group = at === 0 && end === entries.length ? entries : entries.slice(at, end);
    output.message(group, form.hasHeader ? headerOf(group, () => quoted, form.usesStarts) : '');
    at = end;
  }
  return output.pieces();
}

/** Encodes entries of several streams as one message. */
export function encodeMessage(parts: readonly LabelledEntry[], form: PullForm): Uint8Array[] {
  const entries = parts.map(({ entry }) => entry);
  const quoted = parts.map(({ label }) => JSON.stringify(label));
  const longest = quoted.reduce((most, text) => Math.max(most, Buffer.byteLength(text)), 0);
  const output = new FrameOutput(form.hasHeader, entries, longest);
  output.message(entries, form.hasHeader ? headerOf(entries, (index) => quoted[index] as string, form.usesStarts) : '');
  return output.pieces();
}

function headerOf(entries: readonly LogEntry[], quotedLabel: (index: number) => string, usesStarts: boolean): string {
  let text = '[';
  let end = 0;
  for (let index = 0; index < entries.length; index++) {
    const { id, payload } = entries[index] as LogEntry;
    const start = end;
    end += payload.length;
    text += `${index === 0 ? '' : ','}[${quotedLabel(index)},"${id}",${usesStarts ? start : end}]`;
  }
  return `${text}]`;
}

/** Bytes of `[["",…]]`, an id and an offset at their longest, and two frame heads. */
const HEADER_ROOM_BYTES = 112;

const QUOTE = 0x22;
const COMMA = 0x2c;
const CLOSE_BRACKET = 0x5d;

/** Collects frames into one slab, with large payloads by reference between its parts. */
class FrameOutput {
  private readonly slab: Buffer;
  private readonly parts: Uint8Array[] = [];
  private partStart = 0;
  private at = 0;

  constructor(
    private readonly hasHeader: boolean,
    entries: readonly LogEntry[],
    labelBytes: number,
  ) {
    let bytes = 0;
    for (const { payload } of entries) bytes += payload.length < COPY_BELOW_BYTES ? payload.length : 0;
    const roomBytes = HEADER_ROOM_BYTES + (hasHeader ? labelBytes : 0);
    this.slab = Buffer.allocUnsafe(bytes + entries.length * roomBytes);
  }

  /** A message of one entry, which most are. */
  single({ id, payload }: LogEntry, opening: Buffer, usesStarts: boolean): void {
    if (this.hasHeader) this.singleHeader(opening, id, usesStarts ? '0' : String(payload.length));
    this.at = writeFrameHead(this.slab, this.at, false, payload.length);
    this.payload(payload);
  }

  message(entries: readonly LogEntry[], header: string): void {
    if (this.hasHeader) this.header(header);
    let bytes = 0;
    for (const { payload } of entries) bytes += payload.length;
    this.at = writeFrameHead(this.slab, this.at, false, bytes);
    for (const { payload } of entries) this.payload(payload);
  }

  pieces(): Uint8Array[] {
    this.endPart();
    return this.parts;
  }

  /** `[["label","id",offset]]`, put together from bytes: a third of the work of making and encoding a string. */
  private singleHeader(opening: Buffer, id: string, offset: string): void {
    const { slab } = this;
    const start = writeFrameHead(slab, this.at, true, opening.length + id.length + offset.length + 4);
    slab.set(opening, start);
    let at = writeAscii(slab, start + opening.length, id);
    slab[at] = QUOTE;
    slab[at + 1] = COMMA;
    at = writeAscii(slab, at + 2, offset);
    slab[at] = CLOSE_BRACKET;
    slab[at + 1] = CLOSE_BRACKET;
    this.at = at + 2;
  }

  private header(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.at = writeFrameHead(this.slab, this.at, true, bytes);
    this.at += this.slab.write(text, this.at, bytes === text.length ? 'latin1' : 'utf8');
  }

  private payload(payload: Uint8Array): void {
    if (payload.length < COPY_BELOW_BYTES) {
      this.slab.set(payload, this.at);
      this.at += payload.length;
      return;
    }
    this.endPart();
    this.parts.push(payload);
  }

  private endPart(): void {
    if (this.at > this.partStart) this.parts.push(this.slab.subarray(this.partStart, this.at));
    this.partStart = this.at;
  }
}

/** Writes text of ASCII characters only and returns the offset behind it. */
function writeAscii(out: Buffer, start: number, text: string): number {
  for (let index = 0; index < text.length; index++) out[start + index] = text.charCodeAt(index);
  return start + text.length;
}
