import { Injectable } from '@nestjs/common';
import { UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { StreamAdmin, StreamLog } from '@sluice/stream-log';
import { V1_SOCKET_PATH, V1_SUBPROTOCOL } from '@sluice/wire';
import { StoreConfig } from '../../config.js';
import { StoreMetrics } from '../../metrics/store-metrics.js';
import { FrameGate, SharedIntake } from '../../quotas/frame-gate.js';
import { PushPresence } from '../../presence/push-presence.js';
import { Quotas } from '../../quotas/quotas.js';
import { Writing } from '../../quotas/writing.js';
import { V1Session } from './v1-session.js';

/** WebSocket `/v1/socket`: the subprotocol `sluice.v1`, pushes and subscriptions on one connection. */
@Injectable()
export class V1Socket implements SocketRoute<null> {
  readonly path = V1_SOCKET_PATH;
  readonly protocols = [V1_SUBPROTOCOL];

  constructor(
    private readonly router: UpgradeRouter,
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly quotas: Quotas,
    private readonly presence: PushPresence,
  ) {
    router.register(this);
  }

  prepare({ identity }: UpgradeRequest): null {
    this.quotas.assertRoomForSocket(identity);
    return null;
  }

  accept(connection: Connection, _context: null, request: UpgradeRequest): void {
    const { identity } = request;
    const { openSockets } = this.metrics;
    const release = this.quotas.openSocket(identity);
    const presence = this.presence.open(identity, []);
    const intake = new SharedIntake(connection);
    const client = {
      connection,
      identity,
      intake,
      writing: new Writing(this.log, this.quotas, identity, (key) => presence.nameStream(key)),
      onForbidden: () => this.router.noteForbidden(request, this.path),
    };
    const session = new V1Session(client, this.log, this.admin, this.config, this.metrics);
    const gate = new FrameGate(session, intake);
    openSockets.v1 += 1;
    connection.settleWith(() => gate.settled());
    connection.onMessage((data, isBinary) => {
      if (isBinary) presence.touch();
      gate.onFrame(data, isBinary);
    });
    connection.ws.once('close', () => {
      openSockets.v1 -= 1;
      release();
      presence.close();
      void gate.close();
    });
  }
}
