import { type ModuleRun } from '../sdk/module.js';

/** Under which the address of the other gateway is kept; no channel is called like that. */
const ORIGIN = ':origin';

/** How far a channel was mirrored: an entry of a basket comes as a tick for each key. */
interface Point {
  /** Entry of which everything has ticked here. */
  readonly whole: string;
  /** Entry that came last, and how many of its ticks. */
  readonly last: string;
  readonly count: number;
}

/** How far channels of another gateway were mirrored, kept with what ticked here. */
export class MirrorPositions {
  private readonly points = new Map<string, Point>();
  /** Ticks of the last entry that are to come once more, by channel. */
  private readonly repeated = new Map<string, number>();

  constructor(private readonly run: Pick<ModuleRun, 'kept' | 'keep'>) {}

  /** Where to go on, by channel; nowhere when another gateway was mirrored before. */
  start(url: string, channels: Iterable<string>): Record<string, string> {
    const { kept } = this.run;
    if (kept.get(ORIGIN) !== url) {
      for (const name of kept.keys()) this.run.keep(name, null);
      this.run.keep(ORIGIN, url);
    }
    for (const channel of channels) {
      const [whole, last, count] = kept.get(channel)?.split(' ') ?? [];
      if (whole === undefined || last === undefined) continue;
      this.points.set(channel, { whole, last, count: Number(count) });
      this.repeated.set(channel, Number(count));
    }
    return Object.fromEntries([...this.points].map(([channel, { whole }]) => [channel, whole]));
  }

  /** The gateway has begun there with channels of which nothing was known. */
  begin(positions: Readonly<Record<string, string>>): void {
    for (const [channel, position] of Object.entries(positions)) {
      if (!this.points.has(channel)) this.set(channel, { whole: position, last: position, count: 0 });
    }
  }

  /** Whether a tick has ticked here before. */
  isRepeated(channel: string, seq: string): boolean {
    const left = this.repeated.get(channel) ?? 0;
    if (left === 0) return false;
    const isSame = this.points.get(channel)?.last === seq;
    this.repeated.set(channel, isSame ? left - 1 : 0);
    return isSame;
  }

  /** A tick has ticked here. @param isWhole nothing more of its entry comes */
  reach(channel: string, seq: string, isWhole: boolean): void {
    const known = this.points.get(channel);
    if (isWhole) this.set(channel, { whole: seq, last: seq, count: 0 });
    else if (known?.last === seq) this.set(channel, { ...known, count: known.count + 1 });
    else this.set(channel, { whole: known?.last ?? '0-0', last: seq, count: 1 });
  }

  private set(channel: string, point: Point): void {
    this.points.set(channel, point);
    this.run.keep(channel, `${point.whole} ${point.last} ${point.count}`);
  }
}
