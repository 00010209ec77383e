import { WireError } from '../wire-error.js';
import { MAX_NAME_BYTES, assertName } from '../stream-name.js';

interface KnownName {
  readonly bytes: Uint8Array;
  readonly name: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function equalAt(bytes: Uint8Array, start: number, known: Uint8Array): boolean {
  for (let at = 0; at < known.length; at++) if (bytes[start + at] !== known[at]) return false;
  return true;
}

function hashAt(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  for (let at = start; at < start + length; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash;
}

/**
 * Turns the bytes of names into strings, once per name: a connection keeps one table for its life. Holds a bounded number of
 * names and forgets all when it is full.
 */
export class NameTable {
  private readonly names = new Map<number, KnownName>();
  private last: KnownName = { bytes: new Uint8Array(0), name: '' };

  /**
   * @param resolve what a name newly seen becomes; it may refuse by throwing. Default: {@link assertName}
   * @param maxNames names kept at most
   */
  constructor(
    private readonly resolve: (name: string) => string = checkedName,
    private readonly maxNames = 1024,
  ) {}

  /**
   * The name whose UTF-8 is `bytes[start, start + length)`.
   * @throws WireError `INVALID_NAME`, and what `resolve` throws
   */
  lookup(bytes: Uint8Array, start: number, length: number): string {
    if (length === this.last.bytes.length && length > 0 && equalAt(bytes, start, this.last.bytes))
      return this.last.name;
    const hash = hashAt(bytes, start, length);
    const known = this.names.get(hash);
    if (known !== undefined && known.bytes.length === length && equalAt(bytes, start, known.bytes)) {
      this.last = known;
      return known.name;
    }
    return this.learn(hash, bytes.subarray(start, start + length));
  }

  private learn(hash: number, bytes: Uint8Array): string {
    if (bytes.length > MAX_NAME_BYTES) {
      throw new WireError('INVALID_NAME', `a stream name of ${bytes.length} bytes is longer than ${MAX_NAME_BYTES}`);
    }
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      throw new WireError('INVALID_NAME', `a stream name of ${bytes.length} bytes is not valid UTF-8`);
    }
    const name = this.resolve(text);
    if (this.names.size >= this.maxNames) this.names.clear();
    this.last = { bytes: Uint8Array.from(bytes), name };
    this.names.set(hash, this.last);
    return name;
  }
}

function checkedName(name: string): string {
  assertName(name);
  return name;
}
