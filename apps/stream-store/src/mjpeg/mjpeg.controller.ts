import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type EntryId } from '@sluice/wire';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { StoreConfig } from '../config.js';
import { assertConvertible } from '../conversions/formats.js';
import { type Query as QueryValues } from '../dialect/parameters.js';
import { Stopping } from '../health/stopping.js';
import { StoreMetrics } from '../metrics/store-metrics.js';
import { rawSegment } from '../ptg/ptg-names.js';
import { Quotas } from '../quotas/quotas.js';
import { FramePictures } from './frame-pictures.js';
import { readMjpegOptions, type ViewedStream } from './mjpeg-options.js';
import { MJPEG_TYPE, MjpegResponse } from './mjpeg-response.js';

const SIDS_SEGMENT = 3;

/** Streams as moving pictures, which any browser shows in an `<img>`. */
@Controller('ptg/mjpeg')
export class MjpegController {
  constructor(
    private readonly log: StreamLog,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly stopping: Stopping,
    private readonly pictures: FramePictures,
    private readonly quotas: Quotas,
  ) {}

  /** Endless: a black picture, then entries as JPEG, and a picture that says so while nothing comes. */
  @Get(':sid')
  async view(
    @Query() params: QueryValues,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const rawSids = rawSegment(request.raw.url ?? '', SIDS_SEGMENT);
    const options = readMjpegOptions(rawSids, params, identity, this.config.hasDevices);
    for (const { sid } of options.streams) assertConvertible({ sid, input: options.input, output: 'jpg' });
    // Before the answer begins: it can still be refused.
    const black = await this.pictures.black();
    const positions = await Promise.all(options.streams.map((stream) => this.positionOf(stream)));
    const release = this.quotas.openSocket(identity);
    reply.hijack();
    const { raw } = reply;
    raw.setHeader('content-type', MJPEG_TYPE);
    raw.setHeader('cache-control', 'no-store');
    raw.setHeader('x-accel-buffering', 'no');
    const viewer = new MjpegResponse(this.log, options, raw, this.pictures, this.metrics.follow.ptg_http);
    const forget = this.stopping.onEnd(raw, () => {
      forget();
      release();
      viewer.end();
    });
    viewer.start(black, positions);
  }

  private async positionOf({ key, start }: ViewedStream): Promise<EntryId> {
    return start === '$' ? this.log.reader.lastGeneratedId(key) : start;
  }
}
