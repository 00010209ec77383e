import { SluiceError } from '@sluice/contracts';
import { type MadeFormat } from './formats.js';
import { malformed } from './malformed.js';
import { type PictureFormat, type Pictures, type RawPixels } from './pictures.js';
import { type Value, readValue } from './values.js';
import { type WorkerPool } from './worker-pool.js';
import { type NumberBlock, countOf } from './worker/tasks.js';

/** Numbers of the largest block: 64 MiB as float32. */
const MAX_NUMBERS = 16 * 1024 * 1024;

/** Reads bytes as one format and makes another of them. */
export class Transcoder {
  constructor(
    private readonly pictures: Pictures,
    private readonly workers: WorkerPool,
  ) {}

  /** @throws SluiceError `INVALID_FRAME` for malformed bytes, `INVALID_PARAMETER` where one cannot become the other */
  async convert(payload: Uint8Array, input: MadeFormat, output: MadeFormat, signal: AbortSignal): Promise<Buffer> {
    const value = readValue(payload, input);
    switch (output) {
      case 'jpg':
      case 'jpeg':
      case 'compressedimage':
      case 'image':
        return this.toPicture(value, 'jpg', signal);
      case 'png':
        return this.toPicture(value, 'png', signal);
      case 'json':
        return this.toJson(value, signal);
      case 'ndarray':
        return this.toFloats(value, signal);
      case 'nv12':
        return this.toNv12(value, signal);
      case 'holo':
        if (input === 'holo') return bufferOf(payload);
        throw new SluiceError('INVALID_PARAMETER', `output holo cannot be made of ${input}`);
    }
  }

  private async toPicture(value: Value, format: PictureFormat, signal: AbortSignal): Promise<Buffer> {
    if (value.kind === 'picture') return this.pictures.encode(value, format);
    return this.pictures.encodePixels(await this.toPixels(value, format, signal), format);
  }

  /** Pixels that a picture can be made of. */
  private async toPixels(value: Value, format: PictureFormat, signal: AbortSignal): Promise<RawPixels> {
    if (value.kind === 'picture') return this.pictures.decode(value, MAX_NUMBERS);
    if (value.kind === 'pixels') return value;
    if (value.kind === 'nv12') {
      assertCount(value.width * value.height * 3);
      const pixels = { ...value, kind: 'nv12-to-rgb', bytes: own(value.bytes) } as const;
      const { bytes } = await this.workers.run(pixels, signal);
      return { data: bytes, width: value.width, height: value.height, channels: 3, turn: 0 };
    }
    const block = await this.toBlock(value, signal);
    const [height, width, channels = 1] = block.shape;
    if (width === undefined || height === undefined || block.shape.length > 3 || ![1, 3, 4].includes(channels)) {
      throw malformed(`numbers in the shape ${block.shape.join(' × ')} are no picture`);
    }
    const size = { width, height, channels: channels as 1 | 3 | 4, turn: 0 } as const;
    // PNG keeps 16 bits as they are; a JPEG has 8.
    if (block.type === 'u16' && format === 'png') return { ...size, data: wide(block) };
    const stretches = block.type === 'u16';
    const { bytes } = await this.workers.run({ kind: 'block-to-pixels', block: ownBlock(block), stretches }, signal);
    return { ...size, data: bytes };
  }

  private async toBlock(value: Value, signal: AbortSignal): Promise<NumberBlock> {
    if (value.kind === 'block') {
      assertCount(countOf(value.block.shape));
      return value.block;
    }
    if (value.kind === 'text') {
      const made = await this.workers.run({ kind: 'json-to-block', bytes: own(value.bytes) }, signal);
      return { type: 'f32', ...made };
    }
    const turned = await this.toUprightPixels(value, signal);
    const shape = [turned.height, turned.width, ...(turned.channels === 1 ? [] : [turned.channels])];
    return { type: 'u8', bytes: turned.data as Uint8Array, shape };
  }

  private async toUprightPixels(value: Value, signal: AbortSignal): Promise<RawPixels> {
    const pixels = await this.toPixels(value, 'jpg', signal);
    return pixels.turn === 0 ? pixels : this.pictures.turn(pixels);
  }

  private async toJson(value: Value, signal: AbortSignal): Promise<Buffer> {
    if (value.kind === 'text') {
      const { bytes } = await this.workers.run({ kind: 'check-json', bytes: own(value.bytes) }, signal);
      return bufferOf(bytes);
    }
    const block = ownBlock(await this.toBlock(value, signal));
    const { bytes } = await this.workers.run({ kind: 'block-to-json', block }, signal);
    return bufferOf(bytes);
  }

  private async toFloats(value: Value, signal: AbortSignal): Promise<Buffer> {
    const block = ownBlock(await this.toBlock(value, signal));
    if (block.type === 'f32') return bufferOf(block.bytes);
    const { bytes } = await this.workers.run({ kind: 'block-to-floats', block }, signal);
    return bufferOf(bytes);
  }

  private async toNv12(value: Value, signal: AbortSignal): Promise<Buffer> {
    const { data, width, height, channels } = await this.toUprightPixels(value, signal);
    if (channels !== 3 || !(data instanceof Uint8Array)) {
      throw new SluiceError(
        'INVALID_PARAMETER',
        `output nv12 is made of pictures in colour, not of ${channels} channels`,
      );
    }
    const task = { kind: 'rgb-to-nv12', bytes: own(data), width, height } as const;
    const { bytes } = await this.workers.run(task, signal);
    return bufferOf(bytes);
  }
}

function assertCount(numbers: number): void {
  if (numbers > MAX_NUMBERS) throw malformed(`${numbers} numbers are more than the ${MAX_NUMBERS} that are converted`);
}

/** A copy that a worker may be given: the log shares its bytes with other readers. */
function own(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function ownBlock(block: NumberBlock): NumberBlock {
  return { ...block, bytes: own(block.bytes) };
}

function wide(block: NumberBlock): Uint16Array {
  return new Uint16Array(own(block.bytes).buffer);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
