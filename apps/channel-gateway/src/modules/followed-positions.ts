import { type PullTarget } from '@sluice/sdk';
import { DEFAULT_DEVICE, type Position } from '@sluice/wire';
import { type ModuleRun } from '../sdk/module.js';

/** Under which the origin of the positions is kept; streams have names with a colon. */
const ORIGIN = 'origin';

export interface Origin {
  readonly url: string;
  readonly streams: PullTarget;
  readonly from: Position;
}

/** Where a pull goes on. */
export interface PullStart {
  readonly target: { readonly streams: Readonly<Record<string, Position>>; readonly patterns: readonly string[] };
  /** Of streams that a pattern finds and of which no position is known. */
  readonly from: Position;
}

/** The positions of followed streams, kept with what the entries up to there have ticked. */
export class FollowedPositions {
  constructor(private readonly run: Pick<ModuleRun, 'kept' | 'keep'>) {}

  /** Where to go on; at the beginning when another server, other patterns or another beginning were followed before. */
  start({ url, streams, from }: Origin): PullStart {
    const { kept } = this.run;
    const named = positionsOf(streams, from);
    const patterns = patternsOf(streams);
    const origin = JSON.stringify([url, patterns, from]);
    if (kept.get(ORIGIN) !== origin) {
      for (const name of kept.keys()) this.run.keep(name, null);
      this.run.keep(ORIGIN, origin);
      return { target: { streams: named, patterns }, from };
    }
    const known = [...kept].filter(([name]) => name !== ORIGIN && (patterns.length > 0 || Object.hasOwn(named, name)));
    // Whatever has appeared since is wanted from its first entry.
    return { target: { streams: { ...named, ...Object.fromEntries(known) }, patterns }, from: '-' };
  }

  /** Where the server has begun: `$` is known from now on. */
  begin(positions: Readonly<Record<string, string>>): void {
    for (const [stream, position] of Object.entries(positions)) this.reach(stream, position);
  }

  /** Everything up to there has ticked what it ticks. */
  reach(stream: string, position: string): void {
    if (this.run.kept.get(stream) !== position) this.run.keep(stream, position);
  }
}

function positionsOf(target: PullTarget, from: Position): Record<string, Position> {
  const given = typeof target === 'string' ? [target] : isNames(target) ? target : (target.streams ?? []);
  const pairs = isNames(given) ? given.map((name): [string, Position] => [name, from]) : Object.entries(given);
  return Object.fromEntries(
    pairs.map(([name, position]) => [name.includes(':') ? name : `${DEFAULT_DEVICE}:${name}`, position]),
  );
}

function patternsOf(target: PullTarget): readonly string[] {
  return typeof target === 'string' || isNames(target) ? [] : (target.patterns ?? []);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}
