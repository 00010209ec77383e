import { Injectable } from '@nestjs/common';
import {
  UpgradeRouter,
  type Connection,
  type Identity,
  type SocketRoute,
  type UpgradeRequest,
} from '@sluice/service-kit';
import { StreamAdmin, StreamLog } from '@sluice/stream-log';
import { FIRST_ENTRY_ID } from '@sluice/wire';
import { StoreConfig } from '../config.js';
import { type AddressPattern } from '../dialect/addresses.js';
import { closeWith, dialectRefusal } from '../dialect/dialect-errors.js';
import { queryOf } from '../dialect/parameters.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
import { Quotas } from '../quotas/quotas.js';
import { assertMayRead, readableBy } from '../streams/permitted.js';
import { PatternWatch, findKeys } from '../streams/pattern-watch.js';
import { LivePull } from './live-pull.js';
import { readPullOptions, type PullOptions, type ResolvedStream } from './pull-options.js';
import { RoundPull } from './round-pull.js';

/** A pull as its socket begins it. */
interface Pull {
  readonly options: PullOptions;
  readonly streams: readonly ResolvedStream[];
}

/** WebSocket `/data/{stream_id}/pull`: consumers follow streams. */
@Injectable()
export class FollowSocket implements SocketRoute<Pull> {
  readonly path = '/data/:sid/pull';
  readonly refuse = dialectRefusal;

  constructor(
    router: UpgradeRouter,
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly quotas: Quotas,
  ) {
    router.register(this);
  }

  /** Resolves "from now" before the handshake: whatever is appended once the socket is open is delivered. */
  async prepare({ params, query, identity }: UpgradeRequest): Promise<Pull> {
    this.quotas.assertRoomForSocket(identity);
    const options = readPullOptions(params['sid'] ?? '', queryOf(query), this.config.hasDevices);
    const { pattern, patternStart } = options;
    for (const { key } of options.streams) assertMayRead(identity, key);
    const finder = readableBy(identity, this.admin.discovery);
    const found = pattern === null ? [] : await findKeys(finder, pattern.globs);
    const members = found.map((key) => ({ key, label: pattern?.label(key) ?? key, start: patternStart }));
    const streams = await Promise.all(
      [...options.streams, ...members].map(async (stream) => ({
        ...stream,
        start: stream.start === '$' ? await this.log.reader.lastGeneratedId(stream.key) : stream.start,
      })),
    );
    return { options, streams };
  }

  accept(connection: Connection, { options, streams }: Pull, { identity }: UpgradeRequest): void {
    const { openSockets, follow } = this.metrics;
    const release = this.quotas.openSocket(identity);
    const end = (error: unknown): void => closeWith(connection, error);
    const isPaced = options.needsAck || options.intervalMs > 0 || options.streams.length > 1;
    const Engine = isPaced ? RoundPull : LivePull;
    const pull = new Engine(this.log, options, connection.writer, follow.dialect_socket, { onFailure: end });
    const watch = options.pattern === null ? null : this.watch(options.pattern, pull, identity);
    openSockets.pull += 1;
    connection.ws.on('message', () => {
      if (pull instanceof RoundPull) pull.acknowledge();
    });
    connection.ws.once('close', () => {
      openSockets.pull -= 1;
      release();
      watch?.close();
      pull.close();
    });
    void pull.start(streams);
    watch?.start().catch(end);
  }

  /** Streams that were not there at the upgrade join from their first entry. */
  private watch({ globs, label }: AddressPattern, pull: LivePull | RoundPull, identity: Identity): PatternWatch {
    return new PatternWatch(readableBy(identity, this.admin.discovery), globs, {
      onJoin: (key) => void pull.join(key, label(key), FIRST_ENTRY_ID),
      onLeave: (key) => pull.leave(key),
    });
  }
}
