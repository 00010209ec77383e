import { SluiceError } from '@sluice/contracts';
import { type AppendSink, type StreamLog } from '@sluice/stream-log';
import { packPayloads } from '@sluice/wire';
import { type Channel } from '../engine/catalogue.js';
import { type ChannelKeys } from './channel-keys.js';

const MAX_BYTES = 64 * 1024 * 1024;

/** Appends what clients tick. Resolves once the log has it as durably as promised. */
export class ChannelWriter {
  constructor(
    private readonly log: StreamLog,
    private readonly keys: ChannelKeys,
  ) {}

  /**
   * Ticks a channel once for each text, which is what the entry holds, in order, all or none. @throws SluiceError LOG_UNAVAILABLE, LOG_FULL, OUTCOME_UNKNOWN,
   * MESSAGE_TOO_LARGE
   */
  async tick({ name }: Channel, texts: readonly string[]): Promise<void> {
    if (texts.length === 0) return;
    const key = this.keys.stream(name);
    const payloads = texts.map((text) => Buffer.from(text));
    const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
    if (bytes > MAX_BYTES) {
      throw new SluiceError(
        'MESSAGE_TOO_LARGE',
        `the records take ${bytes} bytes with their defaults, more than ${MAX_BYTES}`,
      );
    }
    const [only] = payloads;
    if (payloads.length === 1 && only !== undefined) await this.log.append(key, only);
    else await this.appendPacked(key, packPayloads(payloads));
  }

  private appendPacked(key: string, packed: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const sink: AppendSink = { onAppended: () => resolve(), onRefused: (_token, error) => reject(error) };
      this.log.pushPacked(key, packed, sink, 0);
    });
  }
}
