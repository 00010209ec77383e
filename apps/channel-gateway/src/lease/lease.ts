import { randomUUID } from 'node:crypto';
import { type RedisCommands } from '@sluice/stream-log';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { HOLD_LEASE, RELEASE_LEASE } from './lease-scripts.js';

/** How long the lease lasts without being renewed: another replica takes over after that. */
const LEASE_MS = 3_000;
const RENEW_EVERY_MS = 750;
const SUBJECT = 'the lease of the modules';

/** Who is told that modules may run here, and that they may no longer. */
export interface LeaseSink {
  onHeld(epoch: number): void;
  onLost(): void;
}

/**
 * Decides which replica runs the modules. A holder that could not renew in time counts itself out; one that was paused is
 * kept from writing by its epoch.
 */
export class Lease {
  private holder = randomUUID();
  private epoch = 0;
  private renewedAt = 0;
  private timer: NodeJS.Timeout | null = null;
  private watch: NodeJS.Timeout | null = null;
  private asking: Promise<void> | null = null;
  private releasing: Promise<unknown> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
    private readonly sink: LeaseSink,
  ) {}

  /** Epoch of the lease that is held here; 0 when it is not. */
  get heldEpoch(): number {
    return this.epoch;
  }

  /** Begins to ask for the lease; resolves after the first answer. */
  async start(): Promise<void> {
    this.timer = setInterval(() => void this.ask(), RENEW_EVERY_MS);
    await this.ask();
  }

  /** Gives up what is held here, because it was found to be another's. */
  drop(): void {
    this.set(0);
  }

  /** Ends asking, and gives the lease back so that another replica need not wait. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    if (this.timer !== null) clearInterval(this.timer);
    await this.asking;
    if (this.watch !== null) clearTimeout(this.watch);
    this.set(0);
    await this.releasing;
  }

  private async ask(): Promise<void> {
    this.asking ??= this.renew().finally(() => (this.asking = null));
    await this.asking;
  }

  private async renew(): Promise<void> {
    const askedAt = performance.now();
    const { lease, epoch } = this.keys;
    const args = [this.holder, LEASE_MS];
    try {
      const held = Number(await this.commands.runScript(HOLD_LEASE, [lease, epoch], args, { subject: SUBJECT }));
      this.renewedAt = askedAt;
      if (!this.isStopped) this.set(held);
    } catch {
      // Redis does not answer: what is held runs out by itself.
    }
  }

  private set(epoch: number): void {
    if (epoch === this.epoch) return;
    const wasHeld = this.epoch > 0;
    this.epoch = epoch;
    if (wasHeld) {
      if (epoch === 0) this.giveBack();
      this.sink.onLost();
    }
    if (epoch > 0) {
      this.watchRunningOut();
      this.sink.onHeld(epoch);
    }
  }

  /** Never held again under the same epoch: what was sent before the end may still be on its way. */
  private giveBack(): void {
    const { holder } = this;
    this.holder = randomUUID();
    const subject = SUBJECT;
    this.releasing = this.commands
      .runScript(RELEASE_LEASE, [this.keys.lease], [holder], { subject })
      .catch(() => undefined);
  }

  private watchRunningOut(): void {
    if (this.watch !== null) clearTimeout(this.watch);
    if (this.epoch === 0) return;
    const leftMs = this.renewedAt + LEASE_MS - performance.now();
    if (leftMs <= 0) this.set(0);
    else this.watch = setTimeout(() => this.watchRunningOut(), leftMs + 1);
  }
}
