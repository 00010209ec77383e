import { assertStreamKey } from '@sluice/wire';
import { isUtf8 } from 'node:buffer';
import { globMatcher } from '../glob.js';
import { type RedisCommands } from '../redis-commands.js';

const SCAN_COUNT = 1_000;
/** Keys that begin so are event streams and records of the registry's dialect. */
const REGISTRY_PREFIX = ':';

export interface NameFilter {
  /** Glob over full names. */
  readonly match?: string;
  readonly prefix?: string;
  /** False leaves a stream out, as if it were not there. */
  isVisible?(name: string): boolean;
}

/**
 * Names of all streams of the log, sorted by code unit. Left out are our own keys, the registry's (`:…`), and keys that
 * cannot be a stream's name (not UTF-8, control characters, too long).
 */
export class StreamNames {
  private latest: { readonly names: readonly string[]; readonly atMs: number } | null = null;
  private scanning: Promise<readonly string[]> | null = null;
  private queued: Promise<readonly string[]> | null = null;

  constructor(private readonly client: RedisCommands) {}

  /**
   * @param maxAgeMs a scan that is not older serves; 0: one that begins after the call, so that it has what was just written
   * @throws SluiceError LOG_UNAVAILABLE
   */
  async find({ match, prefix = '', isVisible }: NameFilter = {}, maxAgeMs = 0): Promise<string[]> {
    const isMatch = match === undefined || match === '*' ? () => true : globMatcher(match);
    const { latest } = this;
    const isFresh = latest !== null && performance.now() - latest.atMs < maxAgeMs;
    const names = isFresh ? latest.names : await this.scanAgain();
    return names.filter((name) => name.startsWith(prefix) && isMatch(name) && isVisible?.(name) !== false);
  }

  /** All who ask while a scan runs share the one after it. */
  private scanAgain(): Promise<readonly string[]> {
    const { scanning } = this;
    if (scanning === null) {
      this.scanning = this.scan().finally(() => (this.scanning = null));
      return this.scanning;
    }
    this.queued ??= scanning
      .catch(() => [])
      .then(() => {
        this.queued = null;
        return this.scanAgain();
      });
    return this.queued;
  }

  private async scan(): Promise<readonly string[]> {
    const atMs = performance.now();
    const found = new Set<string>();
    await this.client.onMasters('list of streams', async (master) => {
      let cursor = '0';
      do {
        const reply = await master.callBuffer('SCAN', cursor, 'COUNT', SCAN_COUNT, 'TYPE', 'stream');
        const [next, keys] = reply as [Buffer, Buffer[]];
        for (const key of keys) if (isStreamName(key)) found.add(key.toString('utf8'));
        cursor = next.toString('latin1');
      } while (cursor !== '0');
    });
    const names = [...found].sort();
    this.latest = { names, atMs };
    return names;
  }
}

function isStreamName(key: Buffer): boolean {
  if (!isUtf8(key)) return false;
  const name = key.toString('utf8');
  if (name.startsWith(REGISTRY_PREFIX)) return false;
  try {
    assertStreamKey(name);
    return true;
  } catch {
    return false;
  }
}
