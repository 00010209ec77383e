import { Inject, Injectable } from '@nestjs/common';
import { LOG, UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { StoreConfig } from '../config.js';
import { addressOf } from '../dialect/addresses.js';
import { dialectRefusal, toClose } from '../dialect/dialect-errors.js';
import { queryOf } from '../dialect/parameters.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
import { FrameGate, SharedIntake } from '../quotas/frame-gate.js';
import { Quotas } from '../quotas/quotas.js';
import { Writing } from '../quotas/writing.js';
import { assertMayWrite } from '../streams/permitted.js';
import { readPushOptions, type PushOptions } from './push-options.js';
import { PushSession } from './push-session.js';

/** WebSocket `/data/{stream_id}/push`: devices send entries. */
@Injectable()
export class IngestSocket implements SocketRoute<PushOptions> {
  readonly path = '/data/:sid/push';
  readonly refuse = dialectRefusal;

  constructor(
    router: UpgradeRouter,
    private readonly log: StreamLog,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly quotas: Quotas,
    @Inject(LOG) private readonly logger: Logger,
  ) {
    router.register(this);
  }

  /** Without headers the path alone says where entries go; otherwise each header is checked when it comes. */
  prepare({ params, query, identity }: UpgradeRequest): PushOptions {
    const options = readPushOptions(params['sid'] ?? '', queryOf(query), this.config.hasDevices);
    if (!options.hasHeader) {
      for (const sid of options.sids) assertMayWrite(identity, addressOf(sid, options.addressing).key);
    }
    return options;
  }

  accept(connection: Connection, options: PushOptions, { identity }: UpgradeRequest): void {
    const { ws, writer } = connection;
    const { openSockets, ingest } = this.metrics;
    const release = this.quotas.openSocket(identity);
    const intake = new SharedIntake(connection);
    const session = new PushSession(
      this.log,
      options,
      new Writing(this.log, this.quotas, identity),
      {
        pause: () => intake.pause(),
        resume: () => intake.resume(),
        noteOtherStream: (sid) => {
          this.logger.debug({ connection: connection.id, path: options.sids, sid }, 'a header names another stream');
        },
        end: (error) => {
          const { code, reason } = toClose(error);
          void connection.close(code, reason);
        },
      },
      writer,
      ingest.dialect_socket,
    );
    openSockets.push += 1;
    const gate = new FrameGate(session, intake);
    connection.settleWith(() => gate.settled());
    connection.onMessage((data, isBinary) => gate.onFrame(data, isBinary));
    ws.once('close', () => {
      openSockets.push -= 1;
      release();
      void gate.close();
    });
  }
}
