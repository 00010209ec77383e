import { SluiceError, type StreamInfo } from '@sluice/contracts';
import { entryTimeMs, type EntryId } from '@sluice/wire';
import { retentionKey } from '../keys.js';
import { type RetentionStore } from '../retention/store.js';
import { STREAM_FACTS } from '../scripts/stream-facts.js';
import { type AdminClient } from './client.js';
import { parseFacts, type StreamFacts } from './facts.js';
import { RateMeter } from './rates.js';

/** Latest time that a JavaScript date can show. */
const MAX_DATE_MS = 8_640_000_000_000_000;

/** What is known of streams, as it is shown. */
export class StreamInfos {
  private readonly rates = new RateMeter();

  constructor(
    private readonly client: AdminClient,
    private readonly retention: RetentionStore,
    /** False in no-prefix mode, where names have no device. */
    private readonly hasDevices: boolean,
  ) {}

  /** @throws SluiceError STREAM_NOT_FOUND, WRONG_KEY_TYPE, … */
  async one(key: string): Promise<StreamInfo> {
    const subject = `stream "${key}"`;
    const facts = parseFacts(await this.client.runScript(STREAM_FACTS, [key, retentionKey(key)], [], { subject }));
    if (!facts.exists) throw new SluiceError('STREAM_NOT_FOUND', `there is no stream "${key}"`);
    return this.describe(key, facts);
  }

  /** In the order given; streams that went meanwhile are left out. @throws SluiceError when Redis cannot be reached */
  async many(keys: readonly string[]): Promise<StreamInfo[]> {
    const calls = keys.map((key) => ({ keys: [key, retentionKey(key)], args: [] }));
    const replies = await this.client.runScriptForEach(STREAM_FACTS, calls);
    return keys.flatMap((key, index) => {
      const reply = replies[index];
      if (reply instanceof SluiceError) {
        if (reply.code === 'WRONG_KEY_TYPE') return [];
        throw reply;
      }
      const facts = parseFacts(reply);
      return facts.exists ? [this.describe(key, facts)] : [];
    });
  }

  private describe(name: string, facts: StreamFacts): StreamInfo {
    const colon = this.hasDevices ? name.indexOf(':') : -1;
    return {
      name,
      device: colon < 0 ? '' : name.slice(0, colon),
      stream: name.slice(colon + 1),
      length: facts.length,
      bytes: facts.bytes,
      entriesAdded: facts.entriesAdded,
      firstEntryId: facts.firstEntryId,
      lastEntryId: facts.lastEntryId,
      lastGeneratedId: facts.lastGeneratedId,
      groups: facts.groups,
      ...this.rates.measure(name, facts),
      retention: this.retention.describe(facts.policy),
      lastEntryTime: facts.lastEntryId === null ? null : timeOf(facts.lastEntryId),
    };
  }
}

function timeOf(id: EntryId): string | null {
  const ms = entryTimeMs(id);
  return ms > MAX_DATE_MS ? null : new Date(ms).toISOString();
}
