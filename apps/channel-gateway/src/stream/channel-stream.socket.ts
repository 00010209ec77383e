import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type SluiceError } from '@sluice/contracts';
import {
  UpgradeRouter,
  type Connection,
  type SocketRoute,
  type UpgradeRefusal,
  type UpgradeRequest,
} from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { parseBoolean } from '@sluice/wire';
import { Intake } from '../bodies/intake.js';
import { ChannelKeys } from '../channels/channel-keys.js';
import { ChannelConfig } from '../config.js';
import { DeclaredChannels } from '../declared/declared-channels.js';
import { Gateway } from '../gateway.js';
import { refuseSocket } from '../http/api-errors.js';
import { StreamHeartbeat } from './heartbeat.js';
import { StreamSession } from './stream-session.js';

/** What the address of a socket says. */
interface StreamContext {
  readonly tellsErrors: boolean;
}

/** WebSocket `/api/v1/stream`: ticks of channels as they come, and ticks that clients send. */
@Injectable()
export class ChannelStreamSocket implements SocketRoute<StreamContext>, OnModuleInit, OnModuleDestroy {
  readonly path = '/api/v1/stream';
  private readonly heartbeat: StreamHeartbeat;

  constructor(
    @Inject(UpgradeRouter) router: UpgradeRouter,
    private readonly gateway: Gateway,
    private readonly declared: DeclaredChannels,
    private readonly log: StreamLog,
    private readonly keys: ChannelKeys,
    private readonly config: ChannelConfig,
    private readonly intake: Intake,
  ) {
    this.heartbeat = new StreamHeartbeat(gateway.mounted.application.mounts.stream?.heartbeatMs);
    router.register(this);
  }

  onModuleInit(): void {
    this.heartbeat.start();
  }

  onModuleDestroy(): void {
    this.heartbeat.stop();
  }

  prepare({ query }: UpgradeRequest): StreamContext {
    return { tellsErrors: parseBoolean(query.get('errors') ?? '') === true };
  }

  accept(connection: Connection, { tellsErrors }: StreamContext, { identity }: UpgradeRequest): void {
    new StreamSession({
      gateway: this.gateway,
      declared: this.declared,
      log: this.log,
      keys: this.keys,
      heartbeat: this.heartbeat,
      intake: this.intake,
      connection,
      identity,
      tellsErrors,
      maxBufferedBytes: this.config.socketBufferBytes,
    });
  }

  refuse(error: SluiceError): UpgradeRefusal {
    return refuseSocket(error);
  }
}
