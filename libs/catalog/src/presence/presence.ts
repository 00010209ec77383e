import { type RedisCommands, type Script } from '@sluice/stream-log';
import { type CatalogEvents, type DeviceEvent } from '../events.js';
import { CONNECTED_KEY, PRESENCE_KEYS, SEEN_AT_KEY, SEEN_KEY } from '../keys.js';
import {
  END_DEVICES,
  EXPIRED_DEVICES,
  FORGET_LEASES,
  HOLD_DEVICES,
  PIN_DEVICES,
  RELEASE_DEVICES,
  RENEW_DEVICES,
  WANTED_DEVICES,
} from './scripts.js';

/** How long a push socket vouches for its device without saying so again. */
const LEASE_MS = 15_000;
/** How long it does after it is closed: longer than others with the same device take to renew. */
const RELEASED_MS = 7_000;
/** How long a disconnect is remembered; open push sockets of the device remember it longer. */
const ENDED_MS = 60_000;
const SWEEPER_MS = 15_000;
/** Devices in one call of a script. */
const CHUNK_DEVICES = 500;
const MAX_ROUNDS = 20;

/** Metadata of devices as JSON, for the events. */
export type MetaReader = (devices: readonly string[]) => Promise<(string | null)[]>;

/**
 * Which devices are connected. What is wanted (a lease that has not expired, or a `connectDevice`) is changed by scripts, in one
 * slot; the set `:devices:connected` lies in another one and is brought level with it by `settle`: whoever changed something
 * compares and corrects the set until both agree, so that the last one to write it leaves it right, in whatever order they come.
 */
export class Presence {
  constructor(
    private readonly commands: RedisCommands,
    private readonly events: CatalogEvents,
    private readonly metaOf: MetaReader,
  ) {}

  /** Push sockets name these devices: they are connected until their leases expire. @throws SluiceError LOG_UNAVAILABLE */
  async hold(devices: readonly string[]): Promise<void> {
    await this.runFor(HOLD_DEVICES, [LEASE_MS], devices);
    await this.seeAll(devices);
    await this.settle(devices);
  }

  /**
   * Renews leases; call it at least every five seconds.
   * @returns those that were disconnected by name since, whose leases are not renewed
   * @throws SluiceError LOG_UNAVAILABLE
   */
  async renew(devices: readonly string[]): Promise<string[]> {
    const renewed = await this.runFor(RENEW_DEVICES, [LEASE_MS], devices);
    const held = devices.filter((_device, index) => renewed[index] === 1);
    const areConnected = await this.areConnected(held);
    // Such as those whose leases had expired because this process stood still.
    const lost = held.filter((_device, index) => areConnected[index] !== true);
    if (lost.length > 0) await this.settle(lost);
    return devices.filter((_device, index) => renewed[index] !== 1);
  }

  /** The last push sockets of these devices are closed here. @throws SluiceError LOG_UNAVAILABLE */
  async release(devices: readonly string[]): Promise<void> {
    await this.runFor(RELEASE_DEVICES, [RELEASED_MS], devices);
  }

  /** Connects a device until it is disconnected by name. */
  async pin(device: string): Promise<{ readonly isChanged: boolean; readonly isNew: boolean }> {
    await this.runFor(PIN_DEVICES, [], [device]);
    const [isNew] = await this.seeAll([device]);
    const changed = await this.settle([device], false);
    return { isChanged: changed.has(device), isNew: isNew === 1 };
  }

  /** Disconnects a device by name; its open push sockets connect it again with what they push next. */
  async end(device: string): Promise<{ readonly isChanged: boolean }> {
    await this.runFor(END_DEVICES, [], [device]);
    return { isChanged: (await this.settle([device], false)).has(device) };
  }

  /**
   * Disconnects the devices whose leases have expired, unless another process is doing so.
   * @param holder name of this process
   * @returns how many; 0 too when another one sweeps
   * @throws SluiceError LOG_UNAVAILABLE
   */
  async sweep(holder: string): Promise<number> {
    const subject = 'expired devices';
    const args = [holder, SWEEPER_MS, ENDED_MS, CHUNK_DEVICES];
    const expired = await this.commands.runScript(EXPIRED_DEVICES, PRESENCE_KEYS, args, { subject });
    if (!Array.isArray(expired) || expired.length === 0) return 0;
    const devices = expired as string[];
    await this.settle(devices);
    // Last, so that a sweep that was cut short is made again.
    await this.commands.runScript(FORGET_LEASES, PRESENCE_KEYS, [holder, ...devices], { subject });
    return devices.length;
  }

  /** @throws SluiceError LOG_UNAVAILABLE */
  async areConnected(devices: readonly string[]): Promise<boolean[]> {
    if (devices.length === 0) return [];
    const command = { name: 'SMISMEMBER', args: [CONNECTED_KEY, ...devices], subject: 'connected devices' };
    return ((await this.commands.run(command)) as number[]).map((isMember) => isMember === 1);
  }

  /** When each was last known to be there, in ms; null: never. @throws SluiceError LOG_UNAVAILABLE */
  async seenAt(devices: readonly string[]): Promise<(number | null)[]> {
    if (devices.length === 0) return [];
    const command = { name: 'HMGET', args: [SEEN_AT_KEY, ...devices], subject: 'devices last seen' };
    return ((await this.commands.run(command)) as (string | null)[]).map((ms) => (ms === null ? null : Number(ms)));
  }

  /**
   * Brings the set of connected devices level with what is wanted.
   * @param tells whether changes are told as events here, or by the caller
   * @returns the devices that changed, and what they are now
   */
  private async settle(devices: readonly string[], tells = true): Promise<Map<string, boolean>> {
    const changed = new Map<string, boolean>();
    let wanted = await this.runFor(WANTED_DEVICES, [], devices);
    let open = [...devices];
    for (let round = 0; open.length > 0 && round < MAX_ROUNDS; round++) {
      const goal = wanted;
      const written = await this.commands.runAll(
        open.map((device, index) => ({
          name: goal[index] === 1 ? 'SADD' : 'SREM',
          args: [CONNECTED_KEY, device],
          subject: `presence of device "${device}"`,
        })),
      );
      open.forEach((device, index) => {
        if (written[index] !== 1) return;
        if (changed.has(device)) changed.delete(device);
        else changed.set(device, goal[index] === 1);
      });
      const now = await this.runFor(WANTED_DEVICES, [], open);
      const isOpen = open.map((_device, index) => now[index] !== goal[index]);
      open = open.filter((_device, index) => isOpen[index]);
      wanted = now.filter((_value, index) => isOpen[index]);
    }
    if (tells) await this.tell(changed);
    return changed;
  }

  private async tell(changed: ReadonlyMap<string, boolean>): Promise<void> {
    if (changed.size === 0) return;
    const connected = [...changed].filter(([, isConnected]) => isConnected).map(([device]) => device);
    const metas = new Map<string, unknown>();
    (await this.metaOf(connected)).forEach((json, index) =>
      metas.set(connected[index] ?? '', JSON.parse(json ?? '{}')),
    );
    const events = [...changed].map(([device, isConnected]): DeviceEvent => ({
      type: isConnected ? 'connected' : 'disconnected',
      device,
      meta: metas.get(device) ?? {},
    }));
    await this.events.tellDevices(events);
  }

  /** @returns 1 for each that was never seen before */
  private async seeAll(devices: readonly string[]): Promise<unknown[]> {
    return this.commands.runAll(
      devices.map((device) => ({ name: 'SADD', args: [SEEN_KEY, device], subject: `device "${device}"` })),
    );
  }

  /** Runs a script for many devices. @returns one number for each, where the script gives some */
  private async runFor(
    script: Script,
    head: readonly (string | number)[],
    devices: readonly string[],
  ): Promise<number[]> {
    const results: number[] = [];
    for (let at = 0; at < devices.length; at += CHUNK_DEVICES) {
      const args = [...head, ...devices.slice(at, at + CHUNK_DEVICES)];
      const reply = await this.commands.runScript(script, PRESENCE_KEYS, args, { subject: 'presence of devices' });
      if (Array.isArray(reply)) results.push(...(reply as number[]));
    }
    return results;
  }
}
