import { SluiceError } from '@sluice/contracts';
import { type RetentionPolicy } from '../types.js';

/** What decides how many entries a stream keeps. */
export type RetentionRule =
  /** The system's default: both minimums are kept, as far as the bytes allow. */
  | { readonly kind: 'at-least'; readonly minEntries: number; readonly minAgeMs: number; readonly maxBytes: number }
  /** `REDIS_STREAM_MAXLEN`: so many entries, whatever they are. */
  | { readonly kind: 'fixed'; readonly maxEntries: number }
  /** Set for this stream: none of its bounds is passed. */
  | ({ readonly kind: 'at-most' } & RetentionPolicy);

/** At least 1,000 entries and at least 10 seconds, in at most 64 MiB. */
export const DEFAULT_RETENTION: RetentionRule = {
  kind: 'at-least',
  minEntries: 1_000,
  minAgeMs: 10_000,
  maxBytes: 64 * 1024 * 1024,
};

/** What {@link plannedMaxLen} answers when the number of entries is not bounded. */
export const UNBOUNDED = -1;

export interface MaxLenFacts {
  /** Entries appended a second, by all writers. */
  readonly ratePerSecond: number;
  /** Mean size of an entry; 0 when not known. */
  readonly averageBytes: number;
  readonly rule: RetentionRule;
}

/**
 * The `MAXLEN ~` with which a stream of that rate and entry size keeps to its rule; {@link UNBOUNDED} for none. Never below
 * 1: an append must not trim itself away. Age bounds are not its matter (a rate says nothing of age): they are trimmed by id.
 */
export function plannedMaxLen({ ratePerSecond, averageBytes, rule }: MaxLenFacts): number {
  if (rule.kind === 'fixed') return rule.maxEntries;
  const fitting = entriesWithin(rule.maxBytes, averageBytes);
  const wanted =
    rule.kind === 'at-least'
      ? Math.max(rule.minEntries, Math.ceil((ratePerSecond * rule.minAgeMs) / 1_000))
      : (rule.maxEntries ?? Infinity);
  const bound = Math.min(wanted, fitting);
  return bound === Infinity ? UNBOUNDED : Math.max(1, bound);
}

function entriesWithin(maxBytes: number | null, averageBytes: number): number {
  return maxBytes === null || averageBytes <= 0 ? Infinity : Math.floor(maxBytes / averageBytes);
}

/** How a rule is shown where a stream has no retention of its own. */
export function asPolicy(rule: RetentionRule): RetentionPolicy {
  if (rule.kind === 'at-least')
    return { maxEntries: rule.minEntries, maxAgeMs: rule.minAgeMs, maxBytes: rule.maxBytes };
  if (rule.kind === 'fixed') return { maxEntries: rule.maxEntries, maxAgeMs: null, maxBytes: null };
  return { maxEntries: rule.maxEntries, maxAgeMs: rule.maxAgeMs, maxBytes: rule.maxBytes };
}

/** @throws SluiceError INVALID_PARAMETER for a bound that is not a whole number above 0 */
export function assertPolicy(policy: RetentionPolicy): void {
  for (const name of ['maxEntries', 'maxAgeMs', 'maxBytes'] as const) {
    const bound = policy[name];
    if (bound === null || (Number.isSafeInteger(bound) && bound > 0)) continue;
    throw new SluiceError('INVALID_PARAMETER', `${name} is ${bound}: a whole number above 0, or null for no bound`);
  }
}
