/** Calls back when nothing was sent for a while. Costs one timer, re-armed without being made anew. */
export class IdleTimer {
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param idleMs 0: never calls back
   * @param onIdle called after each `idleMs` without `touch`
   */
  constructor(
    private readonly idleMs: number,
    private readonly onIdle: () => void,
  ) {}

  /** Counts from now. */
  touch(): void {
    if (this.idleMs === 0) return;
    if (this.timer === null) this.timer = setTimeout(this.onIdle, this.idleMs);
    else this.timer.refresh();
  }

  stop(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
  }
}
