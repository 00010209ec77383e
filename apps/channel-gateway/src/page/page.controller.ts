import { stat } from 'node:fs/promises';
import { dirname, basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { notFound } from '../http/api-errors.js';
import { sendJson } from '../http/json-reply.js';
import { PageFiles } from './page-files.js';
import { namesWithin, pathWithin, sendFile } from './served-file.js';

/** Files of the service itself. */
const PUBLIC_FOLDER = fileURLToPath(new URL('../../public', import.meta.url));
const CACHE_CONTROL = 'public, max-age=604800';

/** Files for pages: the service's own, and those that the application gives. */
@ApiExcludeController()
@Controller()
export class PageController {
  constructor(private readonly page: PageFiles) {}

  @Get('ui-config')
  async readConfig(@Res() reply: FastifyReply): Promise<void> {
    await sendJson(reply, JSON.stringify(this.page.config));
  }

  @Get('favicon.ico')
  async showIcon(@Res() reply: FastifyReply): Promise<void> {
    await show(reply, PUBLIC_FOLDER, ['static', 'favicon.png']);
  }

  @Get('static/*')
  async showStatic(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await show(reply, PUBLIC_FOLDER, ['static', ...namesWithin('/static', request)]);
  }

  @Get('img/*')
  async showImage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await show(reply, PUBLIC_FOLDER, ['img', ...namesWithin('/img', request)]);
  }

  /** Only the files that are named one by one, whatever lies beside them. */
  @Get('custom/*')
  async showCustom(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const file = this.page.files.get(namesWithin('/custom', request).join('/'));
    if (file === undefined) throw notFound();
    await show(reply, dirname(file), [basename(file)]);
  }

  @Get('custom-assets/*')
  async showAsset(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (this.page.assets === null) throw notFound();
    await show(reply, this.page.assets, namesWithin('/custom-assets', request));
  }
}

/** @throws ApiError 404 for what is no file below the folder */
async function show(reply: FastifyReply, folder: string, names: readonly string[]): Promise<void> {
  const file = await pathWithin(folder, names);
  const facts = file === null ? null : await stat(file).catch(() => null);
  if (file === null || facts === null || !facts.isFile()) throw notFound();
  await sendFile(reply.header('cache-control', CACHE_CONTROL), file, facts.size);
}
