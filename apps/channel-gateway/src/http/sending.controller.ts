import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { readJson } from '../bodies/json-body.js';
import { type Channel } from '../engine/catalogue.js';
import { Gateway } from '../gateway.js';
import { FaultyInput } from '../records/faults.js';
import { assertAllowed, isAllowed } from '../sending/permitted.js';
import { keyFault } from '../sending/read-ticks.js';
import { channelNotFound, notFound, unprocessable } from './api-errors.js';
import { namesBehind, sendJson } from './json-reply.js';

const ROOT = '/api/v1/send/';

/** Ticks that clients send. */
@Controller('api/v1/send')
export class SendingController {
  constructor(private readonly gateway: Gateway) {}

  /** What may be sent to: channels, baskets, and each key of those. */
  @Get()
  async list(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const names = this.gateway.mounted.channels('send').flatMap((channel) => {
      const keys = [...(channel.keys?.keys() ?? [])].filter((key) =>
        isAllowed(identity, 'channel:write', channel, key),
      );
      const own = isAllowed(identity, 'channel:write', channel) ? [channel.name] : [];
      return [...own, ...keys.map((key) => `${channel.name}/${key}`)];
    });
    await sendJson(reply, JSON.stringify(names.sort()));
  }

  /** Ticks one record or a list of them, or several keys of a basket. Answers with the records once they are in the log. */
  @Post('*')
  async send(@Who() identity: Identity, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const [name, key] = namesBehind(ROOT, request);
    const channel = this.writable(name, key, identity);
    const input = readJson(request.body);
    await sendJson(reply, await this.tick(channel, key, input));
  }

  private async tick(channel: Channel, key: string | null, input: unknown): Promise<string> {
    try {
      if (channel.keys !== null && key === null) return await this.gateway.sendBasket(channel, input);
      return await this.gateway.send(channel, key, input);
    } catch (error) {
      throw error instanceof FaultyInput ? unprocessable(error.faults) : error;
    }
  }

  private writable(name: string, key: string | null, identity: Identity): Channel {
    const { mounted } = this.gateway;
    const channel = mounted.find('send', name);
    if (channel === null || (key !== null && channel.keys === null)) throw notFound();
    assertAllowed(identity, 'channel:write', channel, key);
    if (!mounted.isSendable(channel)) throw channelNotFound(channel.name, key ?? undefined);
    if (key === null || channel.keys?.has(key) === true) return channel;
    const isOfTexts = [...(channel.keys?.values() ?? [])].every((one) => one.name === one.value);
    throw isOfTexts ? channelNotFound(channel.name, key) : unprocessable([keyFault(channel, key, ['path', 'key'])]);
  }
}
