import { rename, rm } from 'node:fs/promises';
import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { identityOf, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { StoreConfig } from '../../config.js';
import { writableKeyOfSid } from '../../ptg/ptg-names.js';
import { assertMayWrite } from '../../streams/permitted.js';
import { SECTIONS, assertFileName, assertRecordingName } from '../disk/layout.js';
import { readManifest } from '../disk/manifest.js';
import { RecordingFolders } from '../disk/recording-folders.js';
import { RecordingAccess } from '../library/access.js';
import { exportMcap } from '../mcap/export.js';
import { importMcap } from '../mcap/import.js';
import { Recorder } from '../recorder/recorder.js';
import { sendJson } from './json.js';
import { diskError, receiveFile } from './upload.js';

/** Recordings as MCAP files, and back. */
@Controller('ptg/recordings')
export class RecordingMcapController {
  constructor(
    private readonly folders: RecordingFolders,
    private readonly access: RecordingAccess,
    private readonly recorder: Recorder,
    private readonly config: StoreConfig,
  ) {}

  @Get(':id/mcap')
  async read(@Param('id') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    assertFileName(name, 'name of a recording');
    await this.access.assertSees(identityOf(request.raw), name);
    const metas = new Map<string, string>();
    for await (const line of readManifest(this.folders.path('raw', name))) {
      if (line.type === 'stream' && line.meta !== null) metas.set(line.sid, line.meta);
    }
    const file = await exportMcap(await this.folders.streams('raw', name), metas);
    await reply
      .header('content-type', 'application/octet-stream')
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}.mcap`)
      .send(file);
  }

  /** Makes a recording of an MCAP file, the part `file` of a form; answers its name. */
  @Post(':id/mcap')
  async write(@Param('id') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const identity = identityOf(request.raw);
    await this.assertFree(identity, assertRecordingName(name));
    const { maxUploadBytes } = this.config.recordings;
    await this.folders.prepare();
    const incoming = this.folders.incoming();
    try {
      await receiveFile(request, maxUploadBytes, (file) =>
        importMcap(file, incoming, identity.subject, {
          maxBytes: maxUploadBytes,
          assertStream: (sid) => assertMayWrite(identity, writableKeyOfSid(sid, this.config.hasDevices)),
          assertRoom: () => this.recorder.assertRoom(),
        }),
      );
      await this.recorder.whileAtRest([name], async () => {
        await this.assertFree(identity, name);
        await rename(incoming, this.folders.path('raw', name));
      });
    } catch (error) {
      throw diskError(error);
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
    return sendJson(reply, name);
  }

  /** @throws SluiceError `RECORDING_EXISTS` */
  private async assertFree(identity: Identity, name: string): Promise<void> {
    const taken = await Promise.all(SECTIONS.map((section) => this.folders.has(section, name)));
    if (!taken.includes(true)) return;
    if (await this.access.sees(identity, name)) throw new SluiceError('RECORDING_EXISTS', `${name} already exists!`);
    throw new SluiceError('FORBIDDEN', 'the credential does not allow to use this name');
  }
}
