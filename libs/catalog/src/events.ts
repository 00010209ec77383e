import { type RedisCommands } from '@sluice/stream-log';
import { CATALOG_EVENTS, DEVICE_CONNECTED_EVENTS, DEVICE_META_EVENTS } from './keys.js';

/**
 * Tells whose metadata changed, and nothing of how: who wants to know reads it, so that the order of events does not matter and
 * one that is lost costs only time.
 */
export interface CatalogEvent {
  readonly type: 'stream-meta' | 'device-meta' | 'entity';
  /** Key of the stream, the device, or `<kind> <name>` of an entity. */
  readonly name: string;
}

/** A change of a device, as the event streams of redis-streamer tell it. */
export interface DeviceEvent {
  readonly type: 'connected' | 'disconnected' | 'meta';
  readonly device: string;
  /** Of `connected` and `meta`. */
  readonly meta: unknown;
}

/** Entries that an event stream keeps, about. */
const EVENTS_KEPT = 1_000;

/** Appends events to their streams. Failures of one are its own. */
export class CatalogEvents {
  constructor(private readonly commands: RedisCommands) {}

  /** Says that metadata changed; when that fails, whoever keeps an index finds it by looking. */
  async tellChange(events: readonly CatalogEvent[]): Promise<void> {
    await this.append(events.map((event) => [CATALOG_EVENTS, JSON.stringify(event)] as const)).catch(() => undefined);
  }

  /** @returns whether it is told @throws nothing */
  async tellDevices(events: readonly DeviceEvent[]): Promise<boolean[]> {
    const appended = await this.append(events.map(streamerForm)).catch(() => events.map(() => false));
    return events.map((_event, index) => appended[index] === true);
  }

  private async append(events: readonly (readonly [key: string, json: string])[]): Promise<boolean[]> {
    const replies = await this.commands.runAll(
      events.map(([key, json]) => ({
        name: 'XADD',
        args: [key, 'MAXLEN', '~', EVENTS_KEPT, '*', 'd', json],
        subject: `event in "${key}"`,
      })),
    );
    return replies.map((reply) => typeof reply === 'string');
  }
}

/** The entry of `:event:device.*` that tells it. */
function streamerForm({ type, device, meta }: DeviceEvent): readonly [key: string, json: string] {
  const device_id = device;
  if (type === 'meta') return [DEVICE_META_EVENTS, JSON.stringify({ device_id, meta })];
  const event = type === 'connected' ? { device_id, connected: true, meta } : { device_id, connected: false };
  return [DEVICE_CONNECTED_EVENTS, JSON.stringify(event)];
}

/** The event that an entry of `:event:device.*` tells; null for what is none. */
export function parseDeviceEvent(key: string, payload: Uint8Array): DeviceEvent | null {
  const event = parse(payload);
  const device = event?.['device_id'];
  if (event === null || typeof device !== 'string') return null;
  const meta = event['meta'] ?? {};
  if (key === DEVICE_META_EVENTS) return { type: 'meta', device, meta };
  const { connected } = event;
  if (connected === true) return { type: 'connected', device, meta };
  return connected === false ? { type: 'disconnected', device, meta: {} } : null;
}

/** The event that an entry of `sluice:events:catalog` tells; null for what is none. */
export function parseCatalogEvent(payload: Uint8Array): CatalogEvent | null {
  const event = parse(payload);
  const { type, name } = event ?? {};
  if (typeof name !== 'string') return null;
  return type === 'stream-meta' || type === 'device-meta' || type === 'entity' ? { type, name } : null;
}

function parse(payload: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
