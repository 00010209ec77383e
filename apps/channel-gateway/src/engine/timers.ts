import { type Node, type Timer } from './graph.js';

interface Due {
  readonly node: Node;
  readonly timer: Timer;
  atMs: number;
}

/** When which timer of which module is due. */
export class Timers {
  private readonly due: Due[];

  constructor(
    nodes: readonly Node[],
    private readonly startMs: number,
  ) {
    this.due = nodes.flatMap((node) => node.timers.map((timer) => ({ node, timer, atMs: startMs + timer.firstMs })));
  }

  /** The next time at which something is due; null when nothing will be. */
  get nextMs(): number | null {
    let next: number | null = null;
    for (const { atMs } of this.due) if (next === null || atMs < next) next = atMs;
    return next === Infinity ? null : next;
  }

  /** Takes what is due by now. A period that was missed is skipped, not caught up on. */
  take(nowMs: number): { readonly node: Node; readonly timer: Timer }[] {
    const ready = this.due.filter(({ atMs }) => atMs <= nowMs);
    for (const entry of ready) {
      const { intervalMs, firstMs } = entry.timer;
      if (intervalMs === null) entry.atMs = Infinity;
      else {
        const origin = this.startMs + firstMs;
        entry.atMs = origin + (Math.floor((nowMs - origin) / intervalMs) + 1) * intervalMs;
      }
    }
    return ready;
  }
}
