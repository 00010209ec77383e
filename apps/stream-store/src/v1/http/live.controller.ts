import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { SluiceError } from '@sluice/contracts';
import { StreamAdmin, StreamLog } from '@sluice/stream-log';
import { FIRST_ENTRY_ID, parsePosition, parseStreamName, type EntryId } from '@sluice/wire';
import { type FastifyReply } from 'fastify';
import { Who, type Identity } from '@sluice/service-kit';
import { assertMayRead, readableBy } from '../../streams/permitted.js';
import { StoreConfig } from '../../config.js';
import { Stopping } from '../../health/stopping.js';
import { StoreMetrics } from '../../metrics/store-metrics.js';
import { Quotas } from '../../quotas/quotas.js';
import { findKeys } from '../../streams/pattern-watch.js';
import { refusing } from '../../streams/refusing.js';
import { V1_FRAMES_TYPE } from './frames.js';
import { EventEncoder, FrameEncoder, parsePositions } from './live-encoders.js';
import { LiveResponse, type LiveSelection } from './live-response.js';
import { LiveManyQueryDto, LiveQueryDto } from './live.dto.js';
import { streamOfPath } from './stream-path.js';

const LAST_EVENT_ID = 'last-event-id';

/** Endless responses: a plain GET that follows streams. */
@ApiTags('live')
@ApiProduces('text/event-stream', V1_FRAMES_TYPE)
@ApiHeader({ name: LAST_EVENT_ID, required: false, description: 'Id of the last event received: goes on after it' })
@Controller('v1')
export class LiveController {
  constructor(
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly config: StoreConfig,
    private readonly metrics: StoreMetrics,
    private readonly stopping: Stopping,
    private readonly quotas: Quotas,
  ) {}

  @Get('streams/:device/:stream/stream')
  @ApiOperation({ summary: 'Follow one stream' })
  async one(
    @Param('device') device: string,
    @Param('stream') stream: string,
    @Query() query: LiveQueryDto,
    @Headers(LAST_EVENT_ID) lastEventId: string | undefined,
    @Who() identity: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = assertMayRead(identity, streamOfPath(device, stream, this.config.hasDevices).key);
    const start = positionOf(lastEventId ?? query.from ?? '$');
    const selection = {
      streams: new Map([[key, await this.resolve(key, start)]]),
      globs: [],
      finder: this.admin.discovery,
    };
    await this.follow(selection, query, { identity, isSingle: true, reply });
  }

  @Get('stream')
  @ApiOperation({ summary: 'Follow several streams, by name or by pattern' })
  async many(
    @Query() query: LiveManyQueryDto,
    @Headers(LAST_EVENT_ID) lastEventId: string | undefined,
    @Who() identity: Identity,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const start = positionOf(query.from ?? '$');
    const seen = parsePositions(lastEventId ?? '');
    const keys = (query.streams ?? '')
      .split(',')
      .filter((name) => name !== '')
      .map((name) => assertMayRead(identity, this.keyOf(name)));
    const globs = query.match === undefined ? [] : [query.match];
    if (keys.length === 0 && globs.length === 0) {
      throw new SluiceError('INVALID_PARAMETER', 'name streams (streams=a,b) or a pattern (match=cam*:*)');
    }
    // What the last event id names goes on there; what a pattern finds beside it appeared since.
    const finder = readableBy(identity, this.admin.discovery);
    const found = await findKeys(finder, globs);
    const startOfNew = seen.size > 0 ? FIRST_ENTRY_ID : start;
    const positions = [...new Set([...keys, ...found])].map(async (key) => {
      const known = seen.get(key) ?? (keys.includes(key) ? start : startOfNew);
      return [key, await this.resolve(key, positionOf(known))] as const;
    });
    const selection = { streams: new Map(await Promise.all(positions)), globs, finder };
    await this.follow(selection, query, { identity, isSingle: false, reply });
  }

  private async follow(
    selection: LiveSelection,
    { as = 'sse', payload = 'base64' }: LiveQueryDto,
    {
      identity,
      isSingle,
      reply,
    }: { readonly identity: Identity; readonly isSingle: boolean; readonly reply: FastifyReply },
  ): Promise<void> {
    const encoder = as === 'sse' ? new EventEncoder(payload, isSingle, selection.streams) : new FrameEncoder();
    const release = this.quotas.openSocket(identity);
    reply.hijack();
    const { raw } = reply;
    raw.setHeader('content-type', encoder.contentType);
    raw.setHeader('cache-control', 'no-store');
    raw.setHeader('x-accel-buffering', 'no');
    const metrics = this.metrics.follow.v1_http;
    const live = new LiveResponse(this.log, selection, raw, encoder, metrics);
    const forget = this.stopping.onEnd(raw, () => {
      forget();
      release();
      live.end();
    });
    await live.start();
  }

  private resolve(key: string, start: EntryId | '$'): Promise<EntryId> | EntryId {
    return start === '$' ? this.log.reader.lastGeneratedId(key) : start;
  }

  private keyOf(name: string): string {
    const decoded = refusing(() => decodeName(name));
    return refusing(() => parseStreamName(decoded, this.config.hasDevices).key);
  }
}

function positionOf(text: string): EntryId | '$' {
  if (text === '$') return text;
  if (text === '-') return FIRST_ENTRY_ID;
  const position = parsePosition(text);
  if (position !== null) return position;
  throw new SluiceError('INVALID_ID', `from must be an entry id, $ or -, got ${JSON.stringify(text)}`);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new SluiceError('INVALID_NAME', `stream name ${JSON.stringify(name)} has a % that stands for nothing`);
  }
}
