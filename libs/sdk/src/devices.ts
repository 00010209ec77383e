import { type EventOptions } from './registry/events.js';
import { type JsonObject } from './registry/operation.js';
import {
  CONNECT_DEVICE,
  DISCONNECT_DEVICE,
  FOLLOW_DEVICES,
  GET_DEVICE,
  LIST_DEVICES,
  UPDATE_DEVICE_META,
  type DeviceChange,
  type DeviceInfo,
  type MetaFilter,
} from './registry/operations.js';
import { type Registry } from './registry/registry.js';
import { readEvents, type Events } from './registry/typed-events.js';
import { type MetaChange } from './streams.js';

/** Which devices to list. */
export interface DeviceFilter {
  /** Those that are not connected, too. */
  readonly includeAll?: boolean;
  /** Glob over names. */
  readonly match?: string;
  /** What must be in the metadata; all of it. */
  readonly where?: readonly MetaFilter[];
}

/** Which devices to follow. */
export interface DeviceEventOptions extends EventOptions {
  /** Only these; else all that may be seen. */
  readonly names?: readonly string[];
  /** The `position` of an event that was seen before: what came after it is told first. */
  readonly since?: string;
}

/** What becomes of a device. `missed`: some events may have been lost, look at the whole again. */
export type DeviceEvent =
  | {
      readonly type: 'connected' | 'meta';
      readonly device: string;
      readonly meta: JsonObject;
      /** For `since`, at any replica. */
      readonly position: string;
    }
  | { readonly type: 'disconnected'; readonly device: string; readonly position: string }
  | { readonly type: 'missed' };

/** What connecting or disconnecting did. */
export interface PresenceChange {
  /** It was not so before. */
  readonly isChanged: boolean;
  /** The device was never seen before. */
  readonly isNew: boolean;
}

const PAGE_DEVICES = 200;

/** Devices: which there are, what is known of them, and what becomes of them. */
export class DevicesApi {
  /** @internal made by `Sluice` */
  constructor(private readonly registry: Registry) {}

  /** The connected devices that fit, or all there ever were; pages are fetched as the loop goes on. */
  async *list({ includeAll = false, match, where }: DeviceFilter = {}): AsyncGenerator<DeviceInfo, void, undefined> {
    let after: string | null = null;
    do {
      const page: { cursor: string | null; nodes: readonly DeviceInfo[] } = (
        await this.registry.ask(LIST_DEVICES, { first: PAGE_DEVICES, after, match, includeAll, where })
      ).devicePage;
      yield* page.nodes;
      after = page.cursor;
    } while (after !== null);
  }

  /** A device, whether it was ever seen (`lastSeen` says when) or not. */
  async get(name: string): Promise<DeviceInfo> {
    const { device } = await this.registry.ask(GET_DEVICE, { id: name });
    return device;
  }

  /**
   * Connects a device until it is disconnected, and replaces its metadata. A device that pushes is connected by itself.
   * @throws SluiceError `REVISION_CONFLICT`
   */
  async connect(
    name: string,
    meta: JsonObject = {},
    { expectedRevision }: Pick<MetaChange, 'expectedRevision'> = {},
  ): Promise<PresenceChange> {
    const { connectDevice } = await this.registry.ask(CONNECT_DEVICE, { deviceId: name, meta, expectedRevision });
    return presenceChange(connectDevice);
  }

  /** Disconnects a device, until it pushes or is connected again. */
  async disconnect(name: string): Promise<PresenceChange> {
    const { disconnectDevice } = await this.registry.ask(DISCONNECT_DEVICE, { deviceId: name });
    return presenceChange(disconnectDevice);
  }

  /** Sets the metadata of a device. @throws SluiceError `REVISION_CONFLICT` */
  async setMeta(name: string, meta: JsonObject, { merges = false, expectedRevision }: MetaChange = {}): Promise<void> {
    await this.registry.ask(UPDATE_DEVICE_META, { deviceId: name, meta, update: merges, expectedRevision });
  }

  /**
   * Devices that are connected, disconnected and described anew, from now on or after `since`. After a lost connection it goes on with what
   * came meanwhile, once there was an event; before the first one, and when more came than is kept (about 1,000), it says `missed`.
   * @throws SluiceError `INVALID_ID` when `since` is not the position of an event
   */
  events({ names, since, signal }: DeviceEventOptions = {}): Events<DeviceEvent> {
    const source = this.registry.events(
      FOLLOW_DEVICES,
      { ids: names },
      {
        signal,
        begin: since === undefined ? undefined : { since },
        after: ({ deviceEvents }) => ({ since: deviceEvents.position }),
      },
    );
    return readEvents(source, ({ deviceEvents }) => eventsOf(deviceEvents));
  }
}

function eventsOf({ type, deviceId: device, meta, hasMissed, position }: DeviceChange): readonly DeviceEvent[] {
  const missed: readonly DeviceEvent[] = hasMissed ? [{ type: 'missed' }] : [];
  if (type === 'disconnected') return [...missed, { type, device, position }];
  return [...missed, { type: type === 'meta' ? 'meta' : 'connected', device, meta, position }];
}

function presenceChange(told: unknown): PresenceChange {
  const { connection_status_changed: isChanged, is_new_device: isNew } = told as Record<string, unknown>;
  return { isChanged: isChanged === true, isNew: isNew === true };
}
