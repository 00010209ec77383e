import { Injectable } from '@nestjs/common';
import { UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { StoreConfig } from '../config.js';
import { Conversions } from '../conversions/conversions.js';
import { toClose } from '../dialect/dialect-errors.js';
import { queryOf } from '../dialect/parameters.js';
import { LivePull, type PullEvents } from '../follow/live-pull.js';
import { type PullOptions, type ResolvedStream, type RoundRules } from '../follow/pull-options.js';
import { RoundPull } from '../follow/round-pull.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
import { Quotas } from '../quotas/quotas.js';
import { convertGood, type Conversion } from './conversion.js';
import { ptgRefusal } from './ptg-errors.js';
import { rawSegment } from './ptg-names.js';
import { readPtgPullOptions, type PtgPullOptions } from './pull-options.js';

/** A pull as its socket begins it. */
interface PtgPull {
  readonly options: PtgPullOptions;
  readonly streams: readonly ResolvedStream[];
}

const SIDS_SEGMENT = 3;
const NORMAL_END = 1000;

/** WebSocket `/ptg/data/{a+b}/pull`: consumers follow streams. Nothing is sent while nothing comes. */
@Injectable()
export class PtgPullSocket implements SocketRoute<PtgPull> {
  readonly path = '/ptg/data/:sid/pull';
  readonly refuse = ptgRefusal;

  constructor(
    router: UpgradeRouter,
    private readonly log: StreamLog,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly quotas: Quotas,
    private readonly conversions: Conversions,
  ) {
    router.register(this);
  }

  /** Resolves "from now" before the handshake: whatever is appended once the socket is open is delivered. */
  async prepare({ path, query, identity }: UpgradeRequest): Promise<PtgPull> {
    this.quotas.assertRoomForSocket(identity);
    const sids = rawSegment(path, SIDS_SEGMENT);
    const options = readPtgPullOptions(sids, queryOf(query), identity, this.config.hasDevices);
    const streams = await Promise.all(
      options.streams.map(async (stream) => ({
        ...stream,
        start: stream.start === '$' ? await this.log.reader.lastGeneratedId(stream.key) : stream.start,
      })),
    );
    return { options, streams };
  }

  accept(connection: Connection, { options, streams }: PtgPull, { identity }: UpgradeRequest): void {
    const release = this.quotas.openSocket(identity);
    const { openSockets } = this.metrics;
    const pull = this.open(connection, options, {
      onFailure: (error) => {
        const { code, reason } = toClose(error);
        void connection.close(code, reason);
      },
      onIdle: () => void this.endUnlessNews(connection, pull, options.timeoutMs),
    });
    openSockets.pull += 1;
    connection.onMessage(() => {
      if (pull instanceof RoundPull) pull.acknowledge();
    });
    connection.ws.once('close', () => {
      openSockets.pull -= 1;
      release();
      pull.close();
    });
    void pull.start(streams);
  }

  /** An end says that there was nothing: it must not come of a log that was slow or away. */
  private async endUnlessNews(connection: Connection, pull: LivePull | RoundPull, timeoutMs: number): Promise<void> {
    const waits = await this.mayHaveNews(pull);
    if (!connection.isOpen) return;
    if (waits) pull.waitAgain();
    else await connection.close(NORMAL_END, `nothing came for ${timeoutMs} ms`);
  }

  private async mayHaveNews(pull: LivePull | RoundPull): Promise<boolean> {
    try {
      for (const [key, after] of pull.positions()) {
        if (after === '$' || (await this.log.reader.read(key, { after, count: 1 })).length > 0) return true;
      }
      return false;
    } catch {
      // The followers wait for the log to come back; what can never be read ends the socket by their failure.
      return true;
    }
  }

  private open(connection: Connection, options: PtgPullOptions, events: PullEvents): LivePull | RoundPull {
    const { streams, conversion, isOneByOne, leader, needsAck, intervalMs } = options;
    const isPlain = streams.length === 1 && conversion === null && !needsAck && intervalMs === 0;
    const engineOptions: PullOptions = {
      ...options,
      pattern: null,
      patternStart: '$',
      blockMs: options.timeoutMs,
      rounds: { isOneByOne, leader, convert: conversion === null ? null : this.converting(connection, conversion) },
    };
    const Engine = isPlain ? LivePull : RoundPull;
    return new Engine(this.log, engineOptions, connection.writer, this.metrics.follow.ptg_socket, events);
  }

  /** Entries that cannot be converted are left out: whoever pushes them must not be able to end those who look on. */
  private converting(connection: Connection, conversion: Conversion): RoundRules['convert'] {
    const task = { ...conversion, client: `socket ${connection.id}`, isWanted: () => connection.isOpen };
    return (parts) => convertGood(this.conversions, task, parts);
  }
}
