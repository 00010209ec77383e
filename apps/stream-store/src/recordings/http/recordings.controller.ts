import { Controller, Delete, Get, Param, Put, Query, Req, Res } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { identityOf, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { QueryReader, type Query as QueryValues } from '../../dialect/parameters.js';
import { assertFileName, assertRecordingName } from '../disk/layout.js';
import { RecordingFolders } from '../disk/recording-folders.js';
import { RecordingAccess } from '../library/access.js';
import { Housekeeping } from '../library/housekeeping.js';
import { InfoCache } from '../library/info-cache.js';
import { nameOfTime } from '../library/times.js';
import { Recorder } from '../recorder/recorder.js';
import { sendJson } from './json.js';

/** Recordings as the ptg dialect has them: start and stop, what there is, names. */
@Controller('ptg/recordings')
export class RecordingsController {
  constructor(
    private readonly recorder: Recorder,
    private readonly folders: RecordingFolders,
    private readonly access: RecordingAccess,
    private readonly info: InfoCache,
    private readonly housekeeping: Housekeeping,
  ) {}

  /** Names, or with `info` the facts, of all recordings that the caller may see. */
  @Get()
  async list(@Query() params: QueryValues, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = new QueryReader(params);
    const [wantsInfo, usesCache] = [query.boolean('info', false), query.boolean('cache', true)];
    query.assertValid();
    const names: string[] = [];
    for (const name of await this.folders.list('raw')) {
      if (await this.access.sees(identityOf(request.raw), name)) names.push(name);
    }
    if (!wantsInfo) return sendJson(reply, names);
    const infos = [];
    for (const name of names) infos.push(await this.info.get(name, usesCache));
    return sendJson(reply, infos);
  }

  /** Name, or with `info` the facts, of the recording that runs; null when none does. */
  @Get('current')
  async current(
    @Query() params: QueryValues,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = new QueryReader(params);
    const wantsInfo = query.boolean('info', false);
    query.assertValid();
    const name = await this.currentName(identityOf(request.raw));
    return sendJson(reply, name === null || !wantsInfo ? name : await this.info.get(name, false));
  }

  /** Facts of a recording; one that is not there is empty. */
  @Get(':id')
  async read(
    @Param('id') name: string,
    @Query() params: QueryValues,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    assertFileName(name, 'name of a recording');
    const query = new QueryReader(params);
    const usesCache = query.boolean('cache', true);
    query.assertValid();
    const isSeen = await this.access.sees(identityOf(request.raw), name);
    // The facts of a name that nobody has: the same for what is not there and for what is not the caller's.
    const info = await this.info.get(isSeen ? name : '.none', usesCache && isSeen);
    return sendJson(reply, isSeen ? info : { ...info, name });
  }

  /** Starts a recording and answers its name, once everything that is appended will be in it. */
  @Put('start')
  async start(@Query() params: QueryValues, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const query = new QueryReader(params);
    const isParallel = query.boolean('parallel', false);
    const sids = query
      .text('sids', '')
      .split(/[+\s]+/)
      .filter((sid) => sid !== '');
    query.assertValid();
    const name = assertRecordingName(query.text('rec_id', '') || nameOfTime(Date.now()));
    const identity = identityOf(request.raw);
    if ((await this.folders.has('raw', name)) || (await this.folders.has('post', name))) {
      await this.mayReplace(identity, name);
    }
    await this.info.forget(name);
    const mayReplace = (running: { readonly name: string }): Promise<void> => this.mayReplace(identity, running.name);
    await this.recorder.start({ name, sids: sids.length === 0 ? null : sids, isParallel, mayReplace }, identity);
    return sendJson(reply, name);
  }

  /** Ends the recording that runs, or the one that `rec_id` names: 1, or 0 when there is none. */
  @Put('stop')
  async stop(@Query() params: QueryValues, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const identity = identityOf(request.raw);
    const asked = new QueryReader(params).text('rec_id', '');
    const name = asked === '' ? await this.currentName(identity) : assertRecordingName(asked);
    if (name === null || !(await this.access.sees(identity, name))) return sendJson(reply, 0);
    await this.access.assertMayChange(identity, name);
    return sendJson(reply, (await this.recorder.stop(name)) ? 1 : 0);
  }

  @Put(':id/rename/:new')
  async rename(
    @Param('id') name: string,
    @Param('new') other: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    assertRecordingName(other);
    await this.access.assertMayChange(identityOf(request.raw), assertFileName(name, 'name of a recording'));
    return sendJson(reply, await this.housekeeping.rename(name, other));
  }

  @Put(':id/hide')
  async hide(@Param('id') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.access.assertMayChange(identityOf(request.raw), assertFileName(name, 'name of a recording'));
    return sendJson(reply, await this.housekeeping.hide(name, true));
  }

  @Put(':id/unhide')
  async unhide(@Param('id') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.access.assertMayChange(identityOf(request.raw), assertFileName(name, 'name of a recording'), true);
    return sendJson(reply, await this.housekeeping.hide(name, false));
  }

  /** Forgets the facts kept of recordings: for each that the caller may see, 1 where there were some. */
  @Delete('cache')
  async forget(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const forgotten: [string, number][] = [];
    for (const name of await this.folders.list('raw')) {
      if (await this.access.sees(identityOf(request.raw), name))
        forgotten.push([name, (await this.info.forget(name)) ? 1 : 0]);
    }
    return sendJson(reply, Object.fromEntries(forgotten));
  }

  /** Deletes a recording, or what the caller may not see, which leaves that as it is. */
  @Delete(':id')
  async remove(@Param('id') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const identity = identityOf(request.raw);
    assertFileName(name, 'name of a recording');
    if (!(await this.access.sees(identity, name))) return sendJson(reply, [true, true]);
    await this.access.assertMayChange(identity, name);
    return sendJson(reply, await this.housekeeping.remove(name));
  }

  private async currentName(identity: Identity): Promise<string | null> {
    const current = (await this.recorder.running()).find(({ isCurrent }) => isCurrent);
    if (current === undefined) return null;
    return (await this.access.sees(identity, current.name)) ? current.name : null;
  }

  private async mayReplace(identity: Identity, name: string): Promise<void> {
    if (await this.access.sees(identity, name)) return this.access.assertMayChange(identity, name);
    throw new SluiceError('FORBIDDEN', 'the credential does not allow to record under this name now');
  }
}
