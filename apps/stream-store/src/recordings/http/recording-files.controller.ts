import { link, mkdir, rename, rm } from 'node:fs/promises';
import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { identityOf } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { StoreConfig } from '../../config.js';
import { ParameterError, QueryReader, type Query as QueryValues } from '../../dialect/parameters.js';
import { assertFileName, assertRecordingName, type Section } from '../disk/layout.js';
import { RecordingFolders } from '../disk/recording-folders.js';
import { RecordingAccess, noRecording } from '../library/access.js';
import { InfoCache } from '../library/info-cache.js';
import { parseRange, sendFile, type ByteRange } from './file-response.js';
import { sendJson } from './json.js';
import { receiveFile, writeStream } from './upload.js';

/** Most that one answer of `mjpeg/chunked` holds. */
const CHUNK_BYTES = 1024 * 1024;

/** Files of recordings: what was made of them, and their zips. */
@Controller('ptg')
export class RecordingFilesController {
  constructor(
    private readonly folders: RecordingFolders,
    private readonly access: RecordingAccess,
    private readonly info: InfoCache,
    private readonly config: StoreConfig,
  ) {}

  /** A file of `post/<path>`, or below `raw/` one of `raw/<path>`; ranges are served. */
  @Get('recordings/static/*')
  async readFile(@Param('*') path: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const parts = path.split('/');
    const isRaw = parts[0] === 'raw';
    await this.send(isRaw ? 'raw' : 'post', isRaw ? parts.slice(1) : parts, request, reply, (range) => range);
  }

  /** A part of at most 1 MiB of a file, named by its path below the folder of recordings. */
  @Get('mjpeg/chunked/*')
  async readChunk(@Param('*') path: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (request.headers.range === undefined) {
      throw new ParameterError([{ loc: ['header', 'range'], msg: 'field required', type: 'value_error.missing' }]);
    }
    const [section, ...parts] = path.split('/');
    if (section !== 'raw' && section !== 'post') throw noRecording(path);
    await this.send(section, parts, request, reply, (range, size) => {
      const { first, last } = range ?? { first: 0, last: size - 1 };
      return { first, last: Math.min(last, first + CHUNK_BYTES - 1) };
    });
  }

  /** Adds a file to what was made of a recording. */
  @Post('recordings/upload/:id/:fname')
  async upload(
    @Param('id') name: string,
    @Param('fname') file: string,
    @Query() params: QueryValues,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const query = new QueryReader(params);
    const overwrites = query.boolean('overwrite', false);
    query.assertValid();
    assertRecordingName(name);
    assertFileName(file);
    await this.access.assertMayChange(identityOf(request.raw), name);
    const { maxUploadBytes } = this.config.recordings;
    await this.folders.prepare();
    const incoming = this.folders.incoming();
    try {
      await receiveFile(request, maxUploadBytes, (source) => writeStream(source, incoming, maxUploadBytes));
      await this.place(incoming, name, file, overwrites);
    } finally {
      await rm(incoming, { force: true });
    }
    await this.info.forget(name).catch(() => undefined);
    const url = `/recordings/static/${encodeURIComponent(name)}/${encodeURIComponent(file)}`;
    return sendJson(reply, { filename: file, url });
  }

  private async place(incoming: string, name: string, file: string, overwrites: boolean): Promise<void> {
    const folder = this.folders.path('post', name);
    const isThere = (await this.folders.has('raw', name)) || (await this.folders.has('post', name));
    // It may have been deleted while the file came in.
    if (!isThere) throw noRecording(name);
    await mkdir(folder, { recursive: true });
    if (!(await this.folders.has('post', name))) throw noRecording(name);
    const target = `${folder}/${file}`;
    if (overwrites) return rename(incoming, target);
    try {
      await link(incoming, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new SluiceError('RECORDING_EXISTS', `${name}/${file} already exists!`);
    }
  }

  private async send(
    section: Section,
    parts: readonly string[],
    request: FastifyRequest,
    reply: FastifyReply,
    narrow: (range: ByteRange | null, size: number) => ByteRange | null,
  ): Promise<void> {
    for (const part of parts) assertFileName(part);
    const name = parts[0] ?? '';
    await this.access.assertSees(identityOf(request.raw), name);
    if (parts.length < 2) throw noRecording(name);
    const found = await this.folders.fileWithin(section, parts);
    const { size } = found.stats;
    reply.header('content-range', `bytes */${size}`);
    const range = narrow(parseRange(request.headers.range, size), size);
    reply.removeHeader('content-range');
    await sendFile(reply, found, range);
  }
}
