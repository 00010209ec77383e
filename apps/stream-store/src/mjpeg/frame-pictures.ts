import { Injectable } from '@nestjs/common';
import { Conversions } from '../conversions/conversions.js';
import { Pictures } from '../conversions/pictures.js';

/** One entry to be shown. */
export interface ShownEntry {
  readonly key: string;
  readonly sid: string;
  readonly id: string;
  readonly payload: Uint8Array;
  readonly input: string | null;
}

interface Made {
  readonly jpeg: Promise<Buffer | null>;
  readonly madeAtMs: number;
  bytes: number;
}

const MAX_KEPT_BYTES = 32 * 1024 * 1024;
const MAX_KEPT = 512;
const KEPT_FOR_MS = 5_000;
const DRAWING_TIME_LIMIT_MS = 10_000;

const WIDTH = 640;
const HEIGHT = 480;
const BLACK = `<rect width="${WIDTH}" height="${HEIGHT}" fill="#000"/>`;
const BARS = ['#c0c0c0', '#c0c000', '#00c0c0', '#00c000', '#c000c0', '#c00000', '#0000c0'];

/** Pictures that viewers are shown. Each entry is converted once, however many look at it. */
@Injectable()
export class FramePictures {
  private readonly made = new Map<string, Made>();
  private keptBytes = 0;
  private readonly drawn = new Map<string, Promise<Buffer>>();

  constructor(private readonly conversions: Conversions) {}

  /** A black picture, for the time before the first entry. */
  black(): Promise<Buffer> {
    return this.draw(BLACK);
  }

  /** Shown while nothing comes: bars and a line of text. */
  standBy(): Promise<Buffer> {
    const width = WIDTH / BARS.length;
    const bars = BARS.map((fill, index) => `<rect x="${index * width}" width="${width}" height="320" fill="${fill}"/>`);
    const style = 'fill="#fff" font-family="sans-serif" font-size="36" text-anchor="middle"';
    const text = `<text x="${WIDTH / 2}" y="410" ${style}>No pictures just now, please stand by</text>`;
    return this.draw(BLACK + bars.join('') + text);
  }

  /**
   * The entry as a JPEG; entries of one stream stand in one place of the queue of conversions.
   * @throws SluiceError as `Conversions.convert`
   */
  jpegOf({ key, sid, id, payload, input }: ShownEntry): Promise<Buffer | null> {
    const name = `${input ?? ''} ${id} ${payload.length} ${key}`;
    this.forgetOld();
    const known = this.made.get(name);
    if (known !== undefined) return known.jpeg;
    const request = { sid, payload, input, output: 'jpg', client: `mjpeg ${key}` };
    const made: Made = { jpeg: this.conversions.convert(request), madeAtMs: performance.now(), bytes: 0 };
    this.made.set(name, made);
    made.jpeg.then(
      (jpeg) => this.count(name, made, jpeg?.length ?? 0),
      // Whoever is refused may try again: another may have had too much waiting.
      () => this.forget(name),
    );
    return made.jpeg;
  }

  private count(name: string, made: Made, bytes: number): void {
    if (this.made.get(name) !== made) return;
    made.bytes = bytes;
    this.keptBytes += bytes;
    this.forgetOld();
  }

  /** In the order in which they were made. */
  private forgetOld(): void {
    const since = performance.now() - KEPT_FOR_MS;
    for (const [name, { madeAtMs }] of this.made) {
      const isWithinBounds = this.made.size <= MAX_KEPT && this.keptBytes <= MAX_KEPT_BYTES;
      if (isWithinBounds && madeAtMs >= since) return;
      this.forget(name);
    }
  }

  private forget(name: string): void {
    this.keptBytes -= this.made.get(name)?.bytes ?? 0;
    this.made.delete(name);
  }

  private draw(shapes: string): Promise<Buffer> {
    const known = this.drawn.get(shapes);
    if (known !== undefined) return known;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">${shapes}</svg>`;
    const drawing = new Pictures(DRAWING_TIME_LIMIT_MS).draw(svg);
    this.drawn.set(shapes, drawing);
    drawing.catch(() => this.drawn.delete(shapes));
    return drawing;
  }
}
