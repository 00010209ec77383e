import { Body, Controller, Delete, Get, Param, Put, Query, Req, Res } from '@nestjs/common';
import { identityOf, type Identity } from '@sluice/service-kit';
import { StreamAdmin } from '@sluice/stream-log';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { MAX_META_BYTES, StreamMeta } from '@sluice/catalog';
import { StoreConfig } from '../config.js';
import { QueryReader, type Query as QueryValues } from '../dialect/parameters.js';
import { Quotas } from '../quotas/quotas.js';
import { assertMayRead, assertMayWrite } from '../streams/permitted.js';
import { readJsonObject } from './json-body.js';
import { keyOfSid, rawSegment, sidOfKey, splitSids, writableKeyOfSid } from './ptg-names.js';
import { StreamInfoReader, type NamedStream } from './stream-info.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const SIDS_SEGMENT = 3;

/** Streams as things, as clients of the ptg dialect ask for them. */
@Controller('ptg/streams')
export class PtgStreamsController {
  constructor(
    private readonly admin: StreamAdmin,
    private readonly meta: StreamMeta,
    private readonly infos: StreamInfoReader,
    private readonly config: StoreConfig,
    private readonly quotas: Quotas,
  ) {}

  /** Names of all streams that the asker may read, or with `info` what is known of each. */
  @Get()
  async list(@Query() params: QueryValues, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = new QueryReader(params);
    const wantsInfo = query.boolean('info', false);
    query.assertValid();
    const streams = await this.visibleTo(identityOf(request.raw));
    const body = wantsInfo ? Readable.from(this.infosAsJson(streams)) : JSON.stringify(streams.map(({ sid }) => sid));
    await reply.header('content-type', JSON_TYPE).send(body);
  }

  @Get(':sid')
  async describe(
    @Param('sid') sid: string,
    @Query() params: QueryValues,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = new QueryReader(params);
    const reportsError = query.boolean('report_error', false);
    query.assertValid();
    const key = assertMayRead(identityOf(request.raw), keyOfSid(sid, this.config.hasDevices));
    const info = await this.infos.readOne({ key, sid: sidOfKey(key, this.config.hasDevices) ?? sid });
    if (reportsError && 'error' in info) await reply.code(400).send({ detail: info['error'] });
    else await reply.send(info);
  }

  /** Merges the body into the stream's metadata, or replaces it; the answer is the stored JSON as a JSON string. */
  @Put(':sid')
  async describeAnew(
    @Param('sid') sid: string,
    @Query() params: QueryValues,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = new QueryReader(params);
    const replaces = query.boolean('override', false);
    query.assertValid();
    const identity = identityOf(request.raw);
    const key = assertMayWrite(identity, writableKeyOfSid(sid, this.config.hasDevices));
    const meta = readJsonObject(body, MAX_META_BYTES);
    // It takes memory of Redis and a write, as an entry does.
    this.quotas.take(identity, 1, JSON.stringify(meta).length);
    const stored = replaces ? await this.meta.replace(key, meta) : await this.meta.merge(key, meta);
    await reply.header('content-type', JSON_TYPE).send(JSON.stringify(stored));
  }

  /** Answers three numbers a stream: whether it had metadata, how many entries, whether it was there. */
  @Delete(':sid')
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const identity = identityOf(request.raw);
    const keys = splitSids(rawSegment(request.raw.url ?? '', SIDS_SEGMENT)).map((sid) =>
      assertMayWrite(identity, writableKeyOfSid(sid, this.config.hasDevices)),
    );
    for (const key of keys) this.admin.assertName(key);
    const results: number[] = [];
    for (const key of new Set(keys)) results.push(...(await this.deleteOne(key)));
    await reply.send(results);
  }

  private async deleteOne(key: string): Promise<number[]> {
    const length = Number(
      await this.admin.commands.run({ name: 'XLEN', args: [key], subject: `delete stream "${key}"` }),
    );
    const isDeleted = await this.admin.deleteStream(key);
    this.quotas.forget(key);
    const hadMeta = await this.meta.delete(key);
    return [Number(hadMeta), isDeleted ? length : 0, Number(isDeleted)];
  }

  private async visibleTo(identity: Identity): Promise<NamedStream[]> {
    const { hasDevices } = this.config;
    const keys = (await this.admin.findNames()).filter((key) => identity.allows('stream:read', key));
    const streams = keys.flatMap((key) => {
      const sid = sidOfKey(key, hasDevices);
      return sid === null ? [] : [{ key, sid }];
    });
    return streams.sort((a, b) => (a.sid < b.sid ? -1 : 1));
  }

  private async *infosAsJson(streams: readonly NamedStream[]): AsyncGenerator<string> {
    let opening = '[';
    for await (const infos of this.infos.read(streams)) {
      // A stream that went since it was listed is left out.
      const present = infos.filter((info) => !('error' in info));
      if (present.length === 0) continue;
      yield opening + present.map((info) => JSON.stringify(info)).join(',');
      opening = ',';
    }
    yield opening === '[' ? '[]' : ']';
  }
}
