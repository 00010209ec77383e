import { Injectable } from '@nestjs/common';
import { UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { StreamAdmin, StreamLog } from '@sluice/stream-log';
import { V1_SOCKET_PATH, V1_SUBPROTOCOL } from '@sluice/wire';
import { StoreConfig } from '../../config.js';
import { StoreMetrics } from '../../metrics/store-metrics.js';
import { V1Session } from './v1-session.js';

/** WebSocket `/v1/socket`: the subprotocol `sluice.v1`, pushes and subscriptions on one connection. */
@Injectable()
export class V1Socket implements SocketRoute<null> {
  readonly path = V1_SOCKET_PATH;
  readonly protocols = [V1_SUBPROTOCOL];

  constructor(
    router: UpgradeRouter,
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
  ) {
    router.register(this);
  }

  prepare(): null {
    return null;
  }

  accept(connection: Connection, _context: null, { identity }: UpgradeRequest): void {
    const { openSockets } = this.metrics;
    const session = new V1Session(connection, this.log, this.admin, identity, this.config, this.metrics);
    openSockets.v1 += 1;
    connection.settleWith(() => session.settled());
    connection.onMessage((data, isBinary) => session.onFrame(data, isBinary));
    connection.ws.once('close', () => {
      openSockets.v1 -= 1;
      session.close();
    });
  }
}
