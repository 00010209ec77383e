import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '@sluice/stream-log';

/** How far the consumers of one group are. */
export interface GroupLag {
  readonly group: string;
  readonly consumers: number;
  /** Entries delivered and not acknowledged. */
  readonly pending: number;
  readonly lastDeliveredId: string;
  /** Entries not delivered yet; null when Redis cannot tell. */
  readonly lag: number | null;
}

/** The groups of many streams, in order; none of what is no stream. @throws SluiceError LOG_UNAVAILABLE */
export async function readGroupLags(commands: RedisCommands, keys: readonly string[]): Promise<GroupLag[][]> {
  const replies = await commands.runAll(
    keys.map((key) => ({ name: 'XINFO', args: ['GROUPS', key], subject: `groups of stream "${key}"` })),
  );
  return replies.map((reply) => {
    if (reply instanceof SluiceError && reply.code === 'LOG_UNAVAILABLE') throw reply;
    return Array.isArray(reply) ? reply.map((group) => parseGroup(group as unknown[])) : [];
  });
}

function parseGroup(reply: readonly unknown[]): GroupLag {
  const fields = new Map<string, unknown>();
  for (let at = 0; at + 1 < reply.length; at += 2) fields.set(String(reply[at]), reply[at + 1]);
  const lag = fields.get('lag');
  return {
    group: String(fields.get('name')),
    consumers: Number(fields.get('consumers')),
    pending: Number(fields.get('pending')),
    lastDeliveredId: String(fields.get('last-delivered-id')),
    lag: typeof lag === 'number' ? lag : null,
  };
}
