import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '@sluice/stream-log';
import { DEFAULT_DEVICE, WireError, assertName } from '@sluice/wire';
import { CatalogEvents } from './events.js';
import { CONNECTED_KEY, DEVICE_META_KEYS, PRESENCE_KEYS, SEEN_KEY, deviceMetaKey, deviceOfMetaKey } from './keys.js';
import { Presence } from './presence/presence.js';
import { MetaRecords, parseMeta, type MetaChange, type MetaObject } from './records/meta-records.js';
import { revisionOf } from './records/revision.js';

/** What became of a `connectDevice`. */
export interface Connected {
  /** It was not connected before. */
  readonly isChanged: boolean;
  /** It was never connected before. */
  readonly isNew: boolean;
  /** Whether the events are told. */
  readonly firesConnected: boolean;
  readonly firesMeta: boolean;
}

/** What is known of one device. */
export interface DeviceFacts {
  readonly isConnected: boolean;
  /** ms; null: never. */
  readonly seenAt: number | null;
  readonly meta: MetaObject;
  readonly revision: string;
}

/** Devices: which are connected, which were ever, and what is known of each. */
export class Devices {
  readonly presence: Presence;
  /** Metadata of devices as JSON. */
  readonly metas: MetaRecords;
  private readonly events: CatalogEvents;

  constructor(private readonly commands: RedisCommands) {
    this.events = new CatalogEvents(commands);
    this.metas = new MetaRecords(commands, {
      noun: 'device',
      keys: DEVICE_META_KEYS,
      keyOf: deviceMetaKey,
      nameOf: deviceOfMetaKey,
      onChange: (name) => this.events.tellChange([{ type: 'device-meta', name }]),
    });
    this.presence = new Presence(commands, this.events, (devices) => this.metas.getMany(devices));
  }

  /**
   * Connects a device until it is disconnected, and replaces its metadata. Tells so also when it was connected before.
   * @throws SluiceError REVISION_CONFLICT, MESSAGE_TOO_LARGE, INVALID_NAME, LOG_UNAVAILABLE, …
   */
  async connect(device: string, meta: MetaObject, change: MetaChange = {}): Promise<Connected> {
    await this.metas.replace(device, meta, change);
    const { isChanged, isNew } = await this.presence.pin(device);
    const [firesConnected, firesMeta] = await this.events.tellDevices([
      { type: 'connected', device, meta },
      { type: 'meta', device, meta },
    ]);
    return { isChanged, isNew, firesConnected: firesConnected === true, firesMeta: firesMeta === true };
  }

  /** @returns whether it was connected, and whether the event is told @throws SluiceError LOG_UNAVAILABLE */
  async disconnect(device: string): Promise<{ readonly isChanged: boolean; readonly firesConnected: boolean }> {
    const { isChanged } = await this.presence.end(device);
    const [told] = await this.events.tellDevices([{ type: 'disconnected', device, meta: {} }]);
    return { isChanged, firesConnected: told === true };
  }

  /**
   * Replaces a device's metadata, or merges into it.
   * @returns whether the event is told, and the new revision
   * @throws SluiceError REVISION_CONFLICT, MESSAGE_TOO_LARGE, LOG_UNAVAILABLE, …
   */
  async updateMeta(
    device: string,
    meta: MetaObject,
    { merges = false, ...change }: MetaChange & { readonly merges?: boolean } = {},
  ): Promise<{ readonly firesMeta: boolean; readonly revision: string }> {
    const stored = merges
      ? await this.metas.merge(device, meta, change)
      : await this.metas.replace(device, meta, change);
    const [told] = await this.events.tellDevices([{ type: 'meta', device, meta: JSON.parse(stored) as unknown }]);
    return { firesMeta: told === true, revision: revisionOf(stored) };
  }

  /** Names of the devices that are connected, or of all there ever were; sorted. @throws SluiceError LOG_UNAVAILABLE */
  async list(options: { readonly includeAll: boolean }): Promise<string[]> {
    const args = [options.includeAll ? SEEN_KEY : CONNECTED_KEY];
    const members = await this.commands.run({ name: 'SMEMBERS', args, subject: 'list of devices' });
    return (members as string[]).sort();
  }

  /** In the order of the names, which need not be of devices that exist. @throws SluiceError LOG_UNAVAILABLE */
  async facts(devices: readonly string[]): Promise<DeviceFacts[]> {
    const [connected, seen, metas] = await Promise.all([
      this.presence.areConnected(devices),
      this.presence.seenAt(devices),
      this.metas.getMany(devices),
    ]);
    return devices.map((_device, index) => {
      const json = metas[index] ?? null;
      return {
        isConnected: connected[index] === true,
        seenAt: seen[index] ?? null,
        meta: (json === null ? null : parseMeta(json)) ?? {},
        revision: revisionOf(json),
      };
    });
  }

  /** Forgets all devices and what is known of them. @throws SluiceError LOG_UNAVAILABLE */
  async flush(): Promise<void> {
    for (const name of await this.metas.list()) await this.metas.delete(name);
    const keys = [SEEN_KEY, CONNECTED_KEY, ...PRESENCE_KEYS];
    await this.commands.runAll(keys.map((key) => ({ name: 'UNLINK', args: [key], subject: `key "${key}"` })));
  }
}

/**
 * A device's name as it is kept; an empty one is `default`.
 * @throws SluiceError INVALID_NAME
 */
export function deviceName(name: string): string {
  if (name === '') return DEFAULT_DEVICE;
  try {
    assertName(name, 'device name');
    return name;
  } catch (error) {
    if (error instanceof WireError) throw new SluiceError('INVALID_NAME', error.message, { cause: error });
    throw error;
  }
}
