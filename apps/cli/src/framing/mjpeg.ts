import { type Splitter } from './splitter.js';

const MARK = 0xff;
const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const NO_BYTES = new Uint8Array(0);

/** Markers that stand alone, without a length: restarts (D0-D7), TEM (01). */
function standsAlone(marker: number): boolean {
  return (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;
}

type State = 'between' | 'marker' | 'scan';

/**
 * One entry a JPEG picture. Follows the segments of each picture, so that a thumbnail inside does not end it; what stands between
 * pictures (headers of a multipart stream) is left out.
 */
export class MjpegSplitter implements Splitter {
  private buffer: Uint8Array = NO_BYTES;
  /** Where the picture begins, and how far it has been looked at. */
  private start = 0;
  private at = 0;
  private state: State = 'between';

  constructor(private readonly maxPictureBytes: number) {}

  /** @throws Error when a picture is longer than the limit */
  push(chunk: Uint8Array): Uint8Array[] {
    this.buffer = this.buffer.length === 0 ? Uint8Array.from(chunk) : Buffer.concat([this.buffer, chunk]);
    const pictures: Uint8Array[] = [];
    while (this.step(pictures));
    this.forget();
    return pictures;
  }

  /** @throws Error when the input ends within a picture */
  end(): Uint8Array[] {
    if (this.state === 'between') return [];
    throw new Error(`the input ends ${this.buffer.length} bytes into an unfinished picture`);
  }

  /** Looks at the next piece; false when more bytes are needed. */
  private step(pictures: Uint8Array[]): boolean {
    if (this.state === 'between') return this.findStart();
    return this.state === 'marker' ? this.readMarker(pictures) : this.skipScan();
  }

  private findStart(): boolean {
    for (let at = this.at; at + 1 < this.buffer.length; at++) {
      if (this.buffer[at] !== MARK || this.buffer[at + 1] !== START_OF_IMAGE) continue;
      this.start = at;
      this.at = at + 2;
      this.state = 'marker';
      return true;
    }
    // The last byte may be the first half of a marker.
    this.at = Math.max(this.at, this.buffer.length - 1);
    return false;
  }

  private readMarker(pictures: Uint8Array[]): boolean {
    const { buffer, at } = this;
    if (at + 2 > buffer.length) return false;
    if (buffer[at] !== MARK) return this.giveUp();
    const marker = buffer[at + 1] as number;
    if (marker === MARK || standsAlone(marker)) {
      this.at += marker === MARK ? 1 : 2;
      return true;
    }
    if (marker === END_OF_IMAGE) {
      pictures.push(buffer.slice(this.start, at + 2));
      this.at = at + 2;
      this.state = 'between';
      return true;
    }
    return this.skipSegment(marker);
  }

  private skipSegment(marker: number): boolean {
    const { buffer, at } = this;
    if (at + 4 > buffer.length) return false;
    const length = ((buffer[at + 2] as number) << 8) | (buffer[at + 3] as number);
    if (length < 2) return this.giveUp();
    if (at + 2 + length > buffer.length) return false;
    this.at = at + 2 + length;
    if (marker === START_OF_SCAN) this.state = 'scan';
    return true;
  }

  private skipScan(): boolean {
    const { buffer } = this;
    for (let at = buffer.indexOf(MARK, this.at); at >= 0; at = buffer.indexOf(MARK, at + 1)) {
      const marker = buffer[at + 1];
      if (marker === undefined) {
        this.at = at;
        return false;
      }
      if (marker === 0 || standsAlone(marker)) continue;
      this.at = at;
      this.state = 'marker';
      return true;
    }
    this.at = buffer.length;
    return false;
  }

  /** No picture after all: goes on looking behind what looked like its start. */
  private giveUp(): boolean {
    this.at = this.start + 2;
    this.state = 'between';
    return true;
  }

  private forget(): void {
    const from = this.state === 'between' ? this.at : this.start;
    this.buffer = this.buffer.subarray(from);
    this.at -= from;
    this.start = 0;
    if (this.buffer.length > this.maxPictureBytes) {
      throw new Error(`a picture is longer than ${this.maxPictureBytes} bytes`);
    }
  }
}
