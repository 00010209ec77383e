import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Who, type Identity } from '@sluice/service-kit';
import { StreamLog } from '@sluice/stream-log';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { ChannelKeys } from '../channels/channel-keys.js';
import { Gateway } from '../gateway.js';
import { channelNotFound, notFound } from '../http/api-errors.js';
import { namesBehind, sendJson } from '../http/json-reply.js';
import { countIn, textIn } from '../query/read-query.js';
import { assertAllowed } from '../sending/permitted.js';
import { momentIn, positionIn } from './history-range.js';
import { HistoryReader } from './history-reader.js';

const ROOT = '/api/v1/history/';
const USUAL_RECORDS = 1_000;
const MOST_RECORDS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** What the log still holds of a channel. */
@ApiTags('History')
@Controller('api/v1/history')
export class HistoryController {
  private readonly history: HistoryReader;

  constructor(
    private readonly gateway: Gateway,
    log: StreamLog,
    keys: ChannelKeys,
  ) {
    this.history = new HistoryReader(log, keys);
  }

  /**
   * The records of whole ticks from `start` to `end`, oldest first, `limit` of them at the most. Where that is not all, the
   * header `x-next-after` has what the next request gives as `after`.
   */
  @ApiOperation({ summary: 'Records of a time' })
  @Get('*')
  async read(
    @Query() query: Record<string, unknown>,
    @Who() identity: Identity,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const [name, key] = namesBehind(ROOT, request);
    const channel = this.gateway.mounted.find('last', name);
    if (channel === null || (key !== null && channel.keys === null)) throw notFound();
    assertAllowed(identity, 'channel:read', channel, key);
    if (key !== null && channel.keys?.has(key) !== true) throw channelNotFound(channel.name, key);
    const { records, next } = await this.history.read(channel, {
      startMs: momentIn(query, 'start', 'query'),
      endMs: momentIn(query, 'end', 'query'),
      after: positionIn(textIn(query, 'after')),
      key,
      maxRecords: countIn(query, 'limit', MOST_RECORDS) ?? USUAL_RECORDS,
      maxBytes: MOST_BYTES,
    });
    if (next !== null) reply.header('x-next-after', next);
    await sendJson(reply, `[${records.map(({ json }) => json).join(',')}]`);
  }
}
