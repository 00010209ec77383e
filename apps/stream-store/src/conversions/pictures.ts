import { SluiceError } from '@sluice/contracts';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { type Turn } from './holo/holo-frame.types.js';
import { malformed } from './malformed.js';

/** Pixels of the largest picture. */
const MAX_PIXELS = 4096 * 4096;
const JPEG_QUALITY = 90;

/** A picture in a file format, and what has to be done to it to see it as it was. */
export interface EncodedPicture {
  readonly bytes: Uint8Array;
  readonly turn: Turn;
  readonly swapsRedBlue: boolean;
}

/** Pixels row by row, without gaps. */
export interface RawPixels {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly turn: Turn;
}

/** File formats that pictures are made in. */
export type PictureFormat = 'jpg' | 'png';

type SharpModule = typeof import('sharp').default;

let loaded: Promise<SharpModule> | null = null;

/** Loaded when first needed: a store without conversions does not pay for it. One thread a picture, no cache of old ones. */
function load(): Promise<SharpModule> {
  loaded ??= import('sharp').then(
    ({ default: sharp }) => {
      sharp.concurrency(1);
      sharp.cache(false);
      return sharp;
    },
    (cause: unknown) => {
      loaded = null;
      throw new SluiceError('SERVICE_UNAVAILABLE', 'pictures cannot be converted here: sharp does not load', { cause });
    },
  );
  return loaded;
}

/** Pictures of frames, made and read by sharp on its own threads. */
export class Pictures {
  constructor(private readonly timeLimitMs: number) {}

  /** @throws SluiceError `INVALID_FRAME` when it is no picture, or too large a one */
  async encode(picture: EncodedPicture, format: PictureFormat): Promise<Buffer> {
    const { image } = await this.open(picture);
    return this.finish(image, format);
  }

  async encodePixels({ data, turn, ...raw }: RawPixels, format: PictureFormat): Promise<Buffer> {
    const sharp = await load();
    const image = sharp(data, { raw }).rotate(turn);
    const isWide = data instanceof Uint16Array;
    if (isWide || raw.channels === 1) image.toColourspace(isWide ? 'grey16' : 'b-w');
    return this.finish(image, format);
  }

  /** Pixels of 8 bits, grey or RGB. @throws SluiceError `INVALID_FRAME` as `encode`, and for more than `maxNumbers` of them */
  async decode(picture: EncodedPicture, maxNumbers: number): Promise<RawPixels> {
    const { image, metadata } = await this.open(picture);
    const channels = metadata.space === 'b-w' ? 1 : 3;
    const numbers = metadata.width * metadata.height * channels;
    if (numbers > maxNumbers) {
      throw malformed(`a picture of ${metadata.width} × ${metadata.height} has more than ${maxNumbers} numbers`);
    }
    return this.pixels(image.removeAlpha(), channels);
  }

  /** The same pixels the right way up. */
  async turn({ data, turn, ...raw }: RawPixels): Promise<RawPixels> {
    const sharp = await load();
    return this.pixels(sharp(data, { raw }).rotate(turn), raw.channels === 1 ? 1 : 3);
  }

  /** A picture of an SVG of our own. */
  async draw(svg: string): Promise<Buffer> {
    const sharp = await load();
    return sharp(Buffer.from(svg)).jpeg({ quality: JPEG_QUALITY }).toBuffer();
  }

  private async pixels(image: Sharp, channels: 1 | 3): Promise<RawPixels> {
    const limited = this.limited(image.toColourspace(channels === 1 ? 'b-w' : 'srgb')).raw();
    const { data, info } = await limited.toBuffer({ resolveWithObject: true }).catch(refuse);
    return { data, width: info.width, height: info.height, channels, turn: 0 };
  }

  private async open({ bytes, turn, swapsRedBlue }: EncodedPicture): Promise<{ image: Sharp; metadata: Metadata }> {
    assertPicture(bytes);
    const sharp = await load();
    const options: SharpOptions = { limitInputPixels: MAX_PIXELS, failOn: 'error', sequentialRead: true };
    const image = sharp(bytes, options);
    const metadata = await image.metadata().catch(refuse);
    if (metadata.width * metadata.height > MAX_PIXELS) {
      throw malformed(`a picture of ${metadata.width} × ${metadata.height} has more than ${MAX_PIXELS} pixels`);
    }
    if (metadata.space === 'b-w') image.toColourspace('b-w');
    else if (swapsRedBlue) image.recomb(RED_FOR_BLUE);
    if (turn !== 0) image.rotate(turn);
    return { image, metadata };
  }

  private finish(image: Sharp, format: PictureFormat): Promise<Buffer> {
    const limited = this.limited(image);
    const encoded = format === 'png' ? limited.png() : limited.jpeg({ quality: JPEG_QUALITY });
    return encoded.toBuffer().catch(refuse);
  }

  private limited(image: Sharp): Sharp {
    return image.timeout({ seconds: Math.max(1, Math.ceil(this.timeLimitMs / 1000)) });
  }
}

const RED_FOR_BLUE: [[number, number, number], [number, number, number], [number, number, number]] = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
];

/** Formats that cameras send, and no others: a picture that refers to files or fonts is none of theirs. */
function assertPicture(bytes: Uint8Array): void {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length)).toString('latin1');
  const isKnown =
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    (head.startsWith('RIFF') && head.endsWith('WEBP'));
  if (!isKnown) throw malformed('the bytes are no JPEG, PNG or WebP picture');
}

function refuse(error: unknown): never {
  const text = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
  throw malformed(`the picture cannot be read: ${text.slice(0, 200)}`, error);
}
