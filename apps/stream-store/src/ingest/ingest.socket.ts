import { Inject, Injectable } from '@nestjs/common';
import { LOG, UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { StoreConfig } from '../config.js';
import { addressOf } from '../dialect/addresses.js';
import { dialectRefusal, toClose } from '../dialect/dialect-errors.js';
import { queryOf } from '../dialect/parameters.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
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
    const session = new PushSession(
      this.log,
      options,
      identity,
      {
        pause: () => connection.pause(),
        resume: () => connection.resume(),
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
    connection.settleWith(() => session.settled());
    connection.onMessage((data, isBinary) => session.onFrame(data, isBinary));
    ws.once('close', () => {
      openSockets.push -= 1;
      session.close();
    });
  }
}
