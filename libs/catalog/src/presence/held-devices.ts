import { type Presence } from './presence.js';

/** What one push socket says of its devices. */
export interface DeviceHold {
  /** The socket names a device; naming it again costs nothing. */
  name(device: string): void;
  /** The socket pushed something; devices of it that were disconnected by name are connected again. */
  touch(): void;
  /** The socket is gone. */
  close(): void;
}

interface Held {
  /** Sockets of this process that name it. */
  sockets: number;
  /** Disconnected by name since the last push. */
  isEnded: boolean;
}

const RENEW_EVERY_MS = 5_000;
/** Devices of one socket that are vouched for. */
const MAX_OF_SOCKET = 10_000;
/** Devices of one process. */
const MAX_HELD = 100_000;

/**
 * The devices that the push sockets of this process name: gets their leases, renews them all together, and lets them go. What fails
 * is made good by the next renewal; nothing here can fail a push.
 */
export class HeldDevices {
  private readonly held = new Map<string, Held>();
  private readonly timer: NodeJS.Timeout;
  private toHold = new Set<string>();
  private toRelease = new Set<string>();
  private work: Promise<void> = Promise.resolve();
  private isScheduled = false;
  private ended = 0;

  constructor(
    private readonly presence: Presence,
    private readonly onWarning: (message: string) => void,
    renewEveryMs = RENEW_EVERY_MS,
  ) {
    this.timer = setInterval(() => this.enqueue(() => this.renew()), renewEveryMs).unref();
  }

  /** For a push socket that has just been opened. */
  open(): DeviceHold {
    const devices = new Set<string>();
    return {
      name: (device) => {
        if (devices.has(device) || devices.size >= MAX_OF_SOCKET) return;
        if (this.add(device)) devices.add(device);
      },
      touch: () => {
        if (this.ended > 0) for (const device of devices) this.revive(device);
      },
      close: () => {
        for (const device of devices) this.remove(device);
        devices.clear();
      },
    };
  }

  /** Call for each device that an event says is disconnected: by name, or because this process stood still. */
  noteDisconnected(device: string): void {
    if (this.held.has(device)) this.enqueue(() => this.renewSome([device]));
  }

  /** Lets everything go, and waits until Redis knows. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    for (const device of this.held.keys()) this.toRelease.add(device);
    this.held.clear();
    this.schedule();
    await new Promise((resolve) => setImmediate(resolve));
    await this.work;
  }

  private add(device: string): boolean {
    const known = this.held.get(device);
    if (known === undefined && this.held.size >= MAX_HELD) return false;
    if (known === undefined) this.held.set(device, { sockets: 1, isEnded: false });
    else known.sockets += 1;
    // A second socket is a connect too, should the device have been disconnected by name.
    if (known === undefined) this.hold(device);
    else this.revive(device);
    return true;
  }

  private remove(device: string): void {
    const known = this.held.get(device);
    if (known === undefined) return;
    known.sockets -= 1;
    if (known.sockets > 0) return;
    this.setEnded(known, false);
    this.held.delete(device);
    this.toHold.delete(device);
    this.toRelease.add(device);
    this.schedule();
  }

  private revive(device: string): void {
    const known = this.held.get(device);
    if (known?.isEnded !== true) return;
    this.setEnded(known, false);
    this.hold(device);
  }

  private hold(device: string): void {
    this.toRelease.delete(device);
    this.toHold.add(device);
    this.schedule();
  }

  private setEnded(known: Held, isEnded: boolean): void {
    if (known.isEnded === isEnded) return;
    known.isEnded = isEnded;
    this.ended += isEnded ? 1 : -1;
  }

  /** What comes together goes to Redis together. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.enqueue(() => this.flush());
    });
  }

  private async flush(): Promise<void> {
    const [hold, release] = [[...this.toHold], [...this.toRelease]];
    this.toHold = new Set();
    this.toRelease = new Set();
    if (hold.length > 0) await this.presence.hold(hold);
    if (release.length > 0) await this.presence.release(release);
  }

  private async renew(): Promise<void> {
    if (this.held.size > 0) await this.renewSome([...this.held.keys()]);
  }

  private async renewSome(devices: readonly string[]): Promise<void> {
    const ended = new Set(await this.presence.renew(devices));
    for (const device of devices) {
      const known = this.held.get(device);
      if (known !== undefined && !this.toHold.has(device)) this.setEnded(known, ended.has(device));
    }
  }

  /** One thing after the other: a renewal must not overtake a push that comes after a disconnect. */
  private enqueue(step: () => Promise<void>): void {
    this.work = this.work.then(step).catch((error: unknown) => {
      this.onWarning(`presence of devices: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
}
