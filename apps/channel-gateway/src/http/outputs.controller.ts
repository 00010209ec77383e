import { readdir, stat } from 'node:fs/promises';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { Gateway } from '../gateway.js';
import { namesWithin, pathWithin, sendFile } from '../page/served-file.js';
import { ApiError, notFound } from './api-errors.js';
import { escapeHtml, page } from './pages.js';
import { sendPage } from './root.controller.js';

const ROOT = '/outputs';
const MAX_LISTED = 5_000;
/** The files of a folder, to look at. Nothing outside of it is shown, links that lead out neither. */
@ApiExcludeController()
@Controller('outputs')
export class OutputsController {
  constructor(private readonly gateway: Gateway) {}

  @Get()
  async showRoot(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.show(request, reply);
  }

  @Get('*')
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { outputs } = this.gateway.mounted.application.mounts;
    if (outputs === undefined) throw notFound();
    const [, query] = (request.raw.url ?? '').split('?', 2);
    const names = namesWithin(ROOT, request);
    const file = await pathWithin(outputs.dir, names);
    if (file === null) throw new ApiError(404, `Not found: ${names.join('/')}`);
    const facts = await stat(file);
    if (facts.isDirectory()) {
      await sendPage(reply, await listing(file, names, query));
      return;
    }
    await sendFile(reply, file, facts.size);
  }
}

/** Links keep the query, as it may hold what lets the reader in. */
async function listing(dir: string, names: readonly string[], query: string | undefined): Promise<string> {
  const entries = (await readdir(dir, { withFileTypes: true })).slice(0, MAX_LISTED);
  const tail = query === undefined ? '' : `?${query}`;
  const links = entries
    .map((entry) => [entry.name, entry.isDirectory() ? '/' : ''] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, slash]) => {
      const href = [ROOT, ...names.map(encodeURIComponent), encodeURIComponent(name)].join('/') + tail;
      return `<li><a href="${escapeHtml(href)}">${escapeHtml(name + slash)}</a></li>`;
    });
  return page(`Outputs: /${names.join('/')}`, `<ul>${links.join('')}</ul>`);
}
