import { Injectable } from '@nestjs/common';
import { UpgradeRouter, type Connection, type SocketRoute, type UpgradeRequest } from '@sluice/service-kit';
import { StoreConfig } from '../config.js';
import { queryOf } from '../dialect/parameters.js';
import { PushSockets } from '../ingest/push-sockets.js';
import { assertMayWrite } from '../streams/permitted.js';
import { ptgRefusal } from './ptg-errors.js';
import { rawSegment, writableKeyOfSid } from './ptg-names.js';
import { PtgFrames } from './push-frames.js';
import { readPtgPushOptions, type PtgPushOptions } from './push-options.js';

const SIDS_SEGMENT = 3;

/** WebSocket `/ptg/data/{sid}/push`: devices send entries. */
@Injectable()
export class PtgPushSocket implements SocketRoute<PtgPushOptions> {
  readonly path = '/ptg/data/:sid/push';
  readonly refuse = ptgRefusal;

  constructor(
    router: UpgradeRouter,
    private readonly sockets: PushSockets,
    private readonly config: StoreConfig,
  ) {
    router.register(this);
  }

  /** Without `batch` the path alone says where entries go; otherwise each header is checked when it comes. */
  prepare({ path, query, identity }: UpgradeRequest): PtgPushOptions {
    this.sockets.assertRoom(identity);
    const { hasDevices } = this.config;
    const options = readPtgPushOptions(rawSegment(path, SIDS_SEGMENT), queryOf(query), hasDevices);
    if (!options.isBatch) {
      for (const sid of options.sids ?? []) assertMayWrite(identity, writableKeyOfSid(sid, hasDevices));
    }
    return options;
  }

  accept(connection: Connection, options: PtgPushOptions, { identity }: UpgradeRequest): void {
    const frames = new PtgFrames(options, this.config.hasDevices);
    this.sockets.open(connection, { identity, sids: options.sids ?? [] }, frames, 'ptg_socket');
  }
}
