import { type LogReader, type RedisCommands } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';

/** Facts of a stream bring its first and last entry with them: so many streams are asked at once. */
const ASKED_AT_ONCE = 16;
const FIELDS_AT_ONCE = 500;

/**
 * The last id that each stream ever gave out. A stream that is not there has `missing`.
 * @throws SluiceError LOG_UNAVAILABLE; keys that hold no stream are left out
 */
export async function lastIds(
  reader: LogReader,
  keys: Iterable<string>,
  missing: EntryId,
): Promise<Map<string, EntryId>> {
  const found = new Map<string, EntryId>();
  const left = [...keys];
  const ask = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      const bounds = await reader.bounds(key).catch(ignoreWrongType);
      if (bounds !== null) found.set(key, bounds.exists ? bounds.lastGeneratedId : missing);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
  return found;
}

/** Keeps positions in a hash that is made anew. @throws SluiceError LOG_UNAVAILABLE */
export async function savePositions(
  commands: RedisCommands,
  hash: string,
  positions: ReadonlyMap<string, EntryId>,
): Promise<void> {
  const subject = 'positions of a recording';
  await commands.run({ name: 'DEL', args: [hash], subject });
  const pairs = [...positions];
  for (let from = 0; from < pairs.length; from += FIELDS_AT_ONCE) {
    const args = [hash, ...pairs.slice(from, from + FIELDS_AT_ONCE).flat()];
    await commands.run({ name: 'HSET', args, subject });
  }
}

/** Positions that were kept. @throws SluiceError LOG_UNAVAILABLE */
export async function loadPositions(commands: RedisCommands, hash: string): Promise<Map<string, EntryId>> {
  const positions = new Map<string, EntryId>();
  let cursor = '0';
  do {
    const args = [hash, cursor, 'COUNT', FIELDS_AT_ONCE];
    const reply = await commands.run({ name: 'HSCAN', args, subject: 'positions of a recording' });
    const [next, pairs] = reply as [string, string[]];
    for (let at = 0; at + 1 < pairs.length; at += 2) positions.set(pairs[at] as string, pairs[at + 1] as string);
    cursor = next;
  } while (cursor !== '0');
  return positions;
}

function ignoreWrongType(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'WRONG_KEY_TYPE') return null;
  throw error;
}
