import { Controller, Get, Param, Res } from '@nestjs/common';
import { Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply } from 'fastify';
import { findIn } from '../channels/aliases.js';
import { Gateway } from '../gateway.js';
import { isAllowed, isVisible } from '../sending/permitted.js';
import { HEARTBEAT_CHANNEL } from '../stream/heartbeat.js';
import { notFound } from './api-errors.js';
import { sendJson } from './json-reply.js';
import { columnsOf } from './tables.js';

/** What there is beside the ticks: streamed channels, static fields, who ticks what, and tables for pages. */
@Controller('api/v1')
export class AboutController {
  constructor(private readonly gateway: Gateway) {}

  /** What sockets can subscribe to, in the order of declaration. */
  @Get('stream')
  async listStream(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const names = this.gateway.mounted.streamedChannels.flatMap((channel) => {
      if (channel.keys === null) return isAllowed(identity, 'channel:read', channel) ? [channel.name] : [];
      const keys = [...channel.keys.keys()].filter((key) => isAllowed(identity, 'channel:read', channel, key));
      return keys.map((key) => `${channel.name}/${key}`);
    });
    await sendJson(reply, JSON.stringify([...names, HEARTBEAT_CHANNEL]));
  }

  @Get('field')
  async listFields(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const shown = this.gateway.mounted.fields.filter((name) => identity.allows('channel:read', name));
    await sendJson(reply, JSON.stringify([...shown].sort()));
  }

  @Get('field/:name')
  async readField(@Param('name') name: string, @Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const { fields, catalogue } = this.gateway.mounted;
    const shown = fields.filter((field) => identity.allows('channel:read', field));
    const found = findIn(new Map(shown.map((field) => [field, field])), name);
    if (found === null) throw notFound();
    await sendJson(reply, JSON.stringify(catalogue.fields.get(found)?.value ?? null));
  }

  /** Who reads and who ticks each channel. */
  @Get('channels_graph')
  async readGraph(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    if (this.gateway.mounted.application.mounts.channelsGraph !== true) throw notFound();
    await sendJson(reply, JSON.stringify(describeGraph(this.gateway, identity)));
  }

  @Get('perspective/tables')
  async readTables(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    await sendJson(reply, JSON.stringify(this.tables(identity)));
  }

  @Get('perspective/layouts')
  async readLayouts(@Res() reply: FastifyReply): Promise<void> {
    await sendJson(reply, JSON.stringify(this.gateway.mounted.application.mounts.tables?.layouts ?? {}));
  }

  @Get('perspective/meta')
  async readMeta(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const {
      limits = {},
      indexes = {},
      layouts = {},
      defaultLayout = null,
    } = this.gateway.mounted.application.mounts.tables ?? {};
    const tables = this.tables(identity);
    const meta = {
      limits,
      default_limit: null,
      indexes,
      default_index: null,
      architectures: {},
      default_architecture: 'server',
      layouts,
      default_layout: defaultLayout,
      tables,
      unused_tables: [],
      table_sizes: Object.fromEntries(Object.keys(tables).map((name) => [name, null])),
    };
    await sendJson(reply, JSON.stringify(meta));
  }

  /** A channel that can never tick has no table. */
  private tables(identity: Identity): Record<string, Record<string, string>> {
    const { mounted } = this.gateway;
    const channels = mounted
      .channels('last')
      .filter((channel) => mounted.isProvided(channel) && isVisible(identity, 'channel:read', channel));
    const own = channels.map(({ name, declaration }) => [name, columnsOf(declaration.type)] as const);
    const more = Object.entries(mounted.application.mounts.tables?.more ?? {});
    return Object.fromEntries([...own, ...more.map(([name, { columns }]) => [name, { ...columns }] as const)]);
  }
}

/** Who reads and who ticks the channels that may be seen. */
export function describeGraph(
  { mounted }: Gateway,
  identity: Identity,
): Record<string, { getters: string[]; setters: string[] }> {
  const shown = Object.entries(mounted.describe()).filter(([name]) => {
    const channel = mounted.catalogue.channels.get(name);
    return channel !== undefined && isVisible(identity, 'channel:read', channel);
  });
  return Object.fromEntries(shown);
}
