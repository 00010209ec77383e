import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { UpgradeRouter, textFrame, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { toClose } from '../../dialect/dialect-errors.js';
import { queryOf } from '../../dialect/parameters.js';
import { ptgRefusal } from '../../ptg/ptg-errors.js';
import { Quotas } from '../../quotas/quotas.js';
import { Player } from './player.js';
import { readReplayCommand } from './replay-options.js';
import { ReplaySources, type Replay } from './replay-sources.js';

/** Replays of one process at a time. */
const MAX_REPLAYS = 64;
/** A client that reads no progress is sent none. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** WebSocket `/ptg/recordings/replay`: adds the entries of a recording to streams anew, and tells how far it is. */
@Injectable()
export class ReplaySocket implements SocketRoute<Replay> {
  readonly path = '/ptg/recordings/replay';
  readonly refuse = ptgRefusal;
  /** Replays now. */
  running = 0;

  constructor(
    router: UpgradeRouter,
    private readonly log: StreamLog,
    private readonly sources: ReplaySources,
    private readonly quotas: Quotas,
  ) {
    router.register(this);
  }

  prepare({ query, identity }: UpgradeRequest): Promise<Replay> {
    this.quotas.assertRoomForSocket(identity);
    if (this.running >= MAX_REPLAYS) throw new SluiceError('RATE_LIMITED', `${MAX_REPLAYS} replays run already`);
    return this.sources.open(queryOf(query), identity);
  }

  accept(connection: Connection, { options, streams }: Replay, { identity }: UpgradeRequest): void {
    const release = this.quotas.openSocket(identity);
    this.running += 1;
    const player = new Player(this.log, streams, options, (bytes) => this.quotas.take(identity, 1, bytes));
    const end = (error: unknown): void => {
      const { code, reason } = toClose(error);
      void connection.close(code, reason);
    };
    const tell = (): void => {
      if (connection.writer.bufferedBytes > MAX_UNREAD_BYTES) return;
      connection.writer.write(textFrame(JSON.stringify(player.progress.take())));
    };
    const timer = setInterval(tell, options.intervalMs);
    connection.onMessage((data, isBinary) => {
      try {
        if (isBinary) throw new SluiceError('WRONG_FRAME_TYPE', 'a replay takes text messages only');
        player.control(readReplayCommand(Buffer.from(data).toString('utf8')));
      } catch (error) {
        player.stop();
        end(error);
      }
    });
    connection.ws.once('close', () => {
      this.running -= 1;
      release();
      clearInterval(timer);
      player.stop();
    });
    tell();
    player
      .run()
      .then(() => {
        clearInterval(timer);
        if (!connection.isOpen) return;
        tell();
        return connection.close(1000, '');
      })
      .catch(end);
  }
}
