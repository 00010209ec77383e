import { Inject, Injectable } from '@nestjs/common';
import { LOG, UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { type Logger } from 'pino';
import { StoreConfig } from '../config.js';
import { addressOf } from '../dialect/addresses.js';
import { dialectRefusal } from '../dialect/dialect-errors.js';
import { queryOf } from '../dialect/parameters.js';
import { assertMayWrite } from '../streams/permitted.js';
import { readPushOptions, type PushOptions } from './push-options.js';
import { PushSockets } from './push-sockets.js';
import { StreamerFrames } from './streamer-frames.js';

/** WebSocket `/data/{stream_id}/push`: devices send entries. */
@Injectable()
export class IngestSocket implements SocketRoute<PushOptions> {
  readonly path = '/data/:sid/push';
  readonly refuse = dialectRefusal;

  constructor(
    router: UpgradeRouter,
    private readonly sockets: PushSockets,
    private readonly config: StoreConfig,
    @Inject(LOG) private readonly logger: Logger,
  ) {
    router.register(this);
  }

  /** Without headers the path alone says where entries go; otherwise each header is checked when it comes. */
  prepare({ params, query, identity }: UpgradeRequest): PushOptions {
    this.sockets.assertRoom(identity);
    const options = readPushOptions(params['sid'] ?? '', queryOf(query), this.config.hasDevices);
    if (!options.hasHeader) {
      for (const sid of options.sids) assertMayWrite(identity, addressOf(sid, options.addressing).key);
    }
    return options;
  }

  accept(connection: Connection, options: PushOptions, { identity }: UpgradeRequest): void {
    const frames = new StreamerFrames(options, (sid) => {
      this.logger.debug({ connection: connection.id, path: options.sids, sid }, 'a header names another stream');
    });
    this.sockets.open(connection, { identity, sids: options.sids }, frames, 'dialect_socket');
  }
}
