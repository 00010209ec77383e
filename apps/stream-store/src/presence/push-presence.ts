import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  DEVICE_CONNECTED_EVENTS,
  Devices,
  HeldDevices,
  PresenceSweep,
  parseDeviceEvent,
  type DeviceHold,
} from '@sluice/catalog';
import { LOG, type Identity } from '@sluice/service-kit';
import { StreamLog, type EntryBatch, type Follower } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { StoreConfig } from '../config.js';

/** What one push socket says of the devices whose streams it names. */
export interface SocketPresence {
  /** The socket names a stream that it may write. */
  nameStream(key: string): void;
  /** The socket pushed something. */
  touch(): void;
  close(): void;
}

const NO_PRESENCE: SocketPresence = { nameStream: () => undefined, touch: () => undefined, close: () => undefined };

/** Devices are connected while push sockets of this store name them. */
@Injectable()
export class PushPresence implements BeforeApplicationShutdown {
  private readonly held: HeldDevices;
  private readonly sweep: PresenceSweep;
  private readonly follower: Follower;

  constructor(
    { presence }: Devices,
    log: StreamLog,
    private readonly config: StoreConfig,
    @Inject(LOG) logger: Logger,
  ) {
    this.held = new HeldDevices(presence, (message) => logger.warn({ component: 'presence' }, message));
    this.sweep = new PresenceSweep(presence);
    this.follower = log.follow(
      DEVICE_CONNECTED_EVENTS,
      { after: '$' },
      {
        onEntries: (batch) => this.hear(batch),
        onGap: () => undefined,
        onReset: () => undefined,
        onFailure: (error) => logger.error({ err: error }, 'nothing is heard of disconnected devices'),
      },
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.follower.close();
    await this.sweep.close();
    await this.held.close();
  }

  /** For a push socket that has just been opened. @param keys streams that its address names */
  open(identity: Identity, keys: readonly string[]): SocketPresence {
    if (!this.config.hasDevices) return NO_PRESENCE;
    const hold = this.held.open();
    for (const key of keys) if (identity.allows('stream:write', key)) nameStream(hold, key);
    return {
      nameStream: (key) => nameStream(hold, key),
      touch: () => hold.touch(),
      close: () => hold.close(),
    };
  }

  private hear({ key, entries }: EntryBatch): boolean {
    for (const { payload } of entries) {
      const event = parseDeviceEvent(key, payload);
      if (event?.type === 'disconnected') this.held.noteDisconnected(event.device);
    }
    return true;
  }
}

function nameStream(hold: DeviceHold, key: string): void {
  const colon = key.indexOf(':');
  if (colon > 0) hold.name(key.slice(0, colon));
}
