// The REST limit: Nest on Fastify that answers what Sluice answers and stores nothing.
import 'reflect-metadata';
import multipart from '@fastify/multipart';
import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { payloadOf } from './frames.mjs';
import { serveJob } from './jobs.mjs';

const id = '1700000000000-0';

class EntriesController {
  add() {
    return { ids: [id] };
  }

  async addParts(request) {
    for await (const part of request.parts()) await part.toBuffer?.();
    return [id];
  }

  /** The name of the stream says how long the entry is: `rest-<bytes>`. */
  read(reply, sid) {
    const payload = payloadOf(Number(sid.slice('rest-'.length)));
    reply.header('content-type', 'application/octet-stream');
    reply.header('x-offsets', `[["${sid}","${id}",${payload.length}]]`);
    reply.header('x-last-entry-id', id);
    reply.send(payload);
  }
}

/** What decorators would say; this file is not compiled. */
function decorate(method, decorators, parameters = []) {
  const descriptor = Object.getOwnPropertyDescriptor(EntriesController.prototype, method);
  for (const decorator of decorators) decorator(EntriesController.prototype, method, descriptor);
  parameters.forEach((decorator, index) => decorator(EntriesController.prototype, method, index));
}

Controller()(EntriesController);
decorate('add', [Post('v1/streams/:device/:stream/entries'), HttpCode(201)]);
decorate('addParts', [Post('data/:sid'), HttpCode(200)], [Req()]);
decorate('read', [Get(['data/:sid', 'v1/streams/default/:sid/entries'])], [Res(), Param('sid')]);

class AppModule {}
Reflect.defineMetadata('controllers', [EntriesController], AppModule);

class BareNest {
  #app;

  async open() {
    const adapter = new FastifyAdapter();
    this.#app = await NestFactory.create(AppModule, adapter, { logger: false });
    const fastify = adapter.getInstance();
    fastify.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    await fastify.register(multipart);
    await this.#app.listen(0, '127.0.0.1');
    return { port: fastify.server.address().port };
  }

  async run() {}

  async close() {
    await this.#app.close();
  }
}

serveJob(() => new BareNest());
