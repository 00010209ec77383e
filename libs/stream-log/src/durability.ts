import { SluiceError } from '@sluice/contracts';
import { text } from './replies.js';
import { ReplyError } from './resp/parser.js';
import { type Topology } from './topology.js';
import { type Durability } from './types.js';

/** @throws SluiceError INVALID_PARAMETER for anything but `everysec`, `always` and `replicas:N` */
export function parseDurability(value: string): Durability {
  if (value === 'everysec' || value === 'always') return { kind: value };
  const replicas = /^replicas:([1-9]\d?)$/.exec(value);
  if (replicas) return { kind: 'replicas', count: Number(replicas[1]) };
  throw new SluiceError('INVALID_PARAMETER', `durability "${value}": use everysec, always or replicas:N`);
}

/** What an acknowledgement means on the Redis that is really there. */
export interface DurabilityReport {
  /** What the configuration asks for. */
  readonly asked: string;
  /** What the server's own settings give: `none`, `everysec`, `always`, with `+replicas:N`, or `unknown` where they cannot be read. */
  readonly holds: string;
  /** True when the second is at least the first. */
  readonly isMet: boolean;
}

const STRENGTH = ['none', 'everysec', 'always'];

/** Reads the append-only settings of every node; the weakest one counts. */
export async function readDurability(topology: Topology, asked: Durability): Promise<DurabilityReport> {
  const holding = await Promise.all(
    topology.nodes().map(async (shard) => {
      const [appendOnly, fsync] = await shard
        .run(['CONFIG', 'GET', 'appendonly'], ['CONFIG', 'GET', 'appendfsync'])
        .catch(() => []);
      if (!Array.isArray(appendOnly) || appendOnly instanceof ReplyError || !Array.isArray(fsync)) return 'unknown';
      const policy = text(fsync[1]);
      return text(appendOnly[1]) !== 'yes' || policy === 'no' ? 'none' : policy;
    }),
  );
  const known = holding.filter((value) => value !== 'unknown');
  const weakest =
    known.length < holding.length ? 'unknown' : (STRENGTH.find((level) => known.includes(level)) ?? 'unknown');
  const wanted = asked.kind === 'replicas' ? 'none' : asked.kind;
  return {
    asked: durabilityText(asked),
    holds: asked.kind === 'replicas' ? `${weakest}+${durabilityText(asked)}` : weakest,
    isMet: weakest !== 'unknown' && STRENGTH.indexOf(weakest) >= STRENGTH.indexOf(wanted),
  };
}

export function durabilityText(durability: Durability): string {
  return durability.kind === 'replicas' ? `replicas:${durability.count}` : durability.kind;
}
