import { Injectable } from '@nestjs/common';
import { type Connection, type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { closeWith } from '../dialect/dialect-errors.js';
import { StoreMetrics, type Channel } from '../metrics/store-metrics.js';
import { FrameGate, SharedIntake } from '../quotas/frame-gate.js';
import { PushPresence } from '../presence/push-presence.js';
import { Quotas } from '../quotas/quotas.js';
import { Writing } from '../quotas/writing.js';
import { PushSession, type PushDialect } from './push-session.js';

/** Opens the push sockets of all dialects. */
@Injectable()
export class PushSockets {
  constructor(
    private readonly log: StreamLog,
    private readonly quotas: Quotas,
    private readonly metrics: StoreMetrics,
    private readonly presence: PushPresence,
  ) {}

  /** Refuses one more before its handshake. @throws SluiceError `QUOTA_EXCEEDED` */
  assertRoom(identity: Identity): void {
    this.quotas.assertRoomForSocket(identity);
  }

  /**
   * Lets a connection push until it ends.
   * @param sids streams that its address names
   * @throws SluiceError `QUOTA_EXCEEDED`
   */
  open(
    connection: Connection,
    { identity, sids }: { readonly identity: Identity; readonly sids: readonly string[] },
    dialect: PushDialect,
    channel: Channel,
  ): void {
    const { openSockets, ingest } = this.metrics;
    const release = this.quotas.openSocket(identity);
    const presence = this.presence.open(
      identity,
      sids.map((sid) => dialect.keyOf(sid)),
    );
    const intake = new SharedIntake(connection);
    const session = new PushSession(
      this.log,
      dialect,
      new Writing(this.log, this.quotas, identity, (key) => presence.nameStream(key)),
      {
        pause: () => intake.pause(),
        resume: () => intake.resume(),
        end: (error) => closeWith(connection, error),
      },
      connection.writer,
      ingest[channel],
    );
    openSockets.push += 1;
    const gate = new FrameGate(session, intake);
    connection.settleWith(() => gate.settled());
    connection.onMessage((data, isBinary) => {
      presence.touch();
      gate.onFrame(data, isBinary);
    });
    connection.ws.once('close', () => {
      openSockets.push -= 1;
      release();
      presence.close();
      void gate.close();
    });
  }
}
