import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { type RedisCommands } from '@sluice/stream-log';
import { leaseKey } from '../keys.js';
import { LEAVE_LEASE, TAKE_LEASE } from './scripts.js';

const LEASE_MS = 6_000;
const RENEW_EVERY_MS = 1_500;
/** The lease counts as over this much before Redis forgets it. */
const MARGIN_MS = 1_000;

/** Names the set of processes that ours can see by their numbers: this machine since it started, or this container. */
const PLACE = readPlace();

/** Names this process among all that may hold a lease: where it runs, its number there, and one that no other run has. */
const HOLDER = `${PLACE}/${process.pid}/${randomUUID()}`;

/** What a part that this process writes has in its name. */
export const HOLDER_TAG = HOLDER.slice(-12);

/** The right to write one recording. Whoever has it may be sure of it by the clock alone, without asking. */
export class RecordingLease {
  private heldUntilMs = 0;
  private timer: NodeJS.Timeout | null = null;
  private waiting: (() => void)[] = [];
  private hasEnded = false;

  private constructor(
    private readonly commands: RedisCommands,
    private readonly name: string,
  ) {}

  /** Takes the lease of a recording; null when another process has it. @throws SluiceError LOG_UNAVAILABLE */
  static async take(commands: RedisCommands, name: string): Promise<RecordingLease | null> {
    const lease = new RecordingLease(commands, name);
    const holder = await lease.ask('');
    if (holder === HOLDER) return lease.keep();
    return isGone(holder) && (await lease.ask(holder)) === HOLDER ? lease.keep() : null;
  }

  /** Whether this process may write now. */
  get isHeld(): boolean {
    return !this.hasEnded && performance.now() < this.heldUntilMs;
  }

  /** Another process has it, or it was given back. */
  get isLost(): boolean {
    return this.hasEnded;
  }

  /** Resolves when this process may write: at once, or when Redis is back; false when another process writes now. */
  async isSure(): Promise<boolean> {
    while (!this.isHeld && !this.hasEnded) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return !this.hasEnded;
  }

  /** Ends it. Failures leave it to its time. */
  async leave(): Promise<void> {
    this.end();
    const subject = this.subject();
    await this.commands.runScript(LEAVE_LEASE, [leaseKey(this.name)], [HOLDER], { subject }).catch(() => undefined);
  }

  private keep(): this {
    this.timer = setInterval(() => void this.renew(), RENEW_EVERY_MS).unref();
    return this;
  }

  private async renew(): Promise<void> {
    try {
      if ((await this.ask('')) !== HOLDER) this.end();
    } catch {
      // Redis is away: the lease runs out by the clock, and the next round tries again.
    }
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private end(): void {
    this.hasEnded = true;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private async ask(gone: string): Promise<string> {
    const askedAtMs = performance.now();
    const args = [HOLDER, LEASE_MS, gone];
    const holder = await this.commands.runScript(TAKE_LEASE, [leaseKey(this.name)], args, { subject: this.subject() });
    if (holder === HOLDER) this.heldUntilMs = askedAtMs + LEASE_MS - MARGIN_MS;
    return String(holder);
  }

  private subject(): string {
    return `lease of the recording "${this.name}"`;
  }
}

/** Whether the holder was a process that ours could see, and has ended: then nobody has to wait for its lease. */
function isGone(holder: string): boolean {
  const [place, pid] = holder.split('/');
  if (place !== PLACE || pid === undefined) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function readPlace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}-${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}`;
  } catch {
    return hostname().replaceAll('/', '-');
  }
}
