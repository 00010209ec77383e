import { readdirSync } from 'node:fs';
import { cpus, freemem, hostname, totalmem, userInfo } from 'node:os';
import { Controller, Get, Inject, Post, Res } from '@nestjs/common';
import { LOG, Who, type Identity } from '@sluice/service-kit';
import { type FastifyReply } from 'fastify';
import { type Logger } from 'pino';
import { CONTROLS_CHANNEL } from '../application/with-controls.js';
import { type Channel } from '../engine/catalogue.js';
import { Gateway } from '../gateway.js';
import { timestampOf } from '../records/times.js';
import { assertAllowed } from '../sending/permitted.js';
import { notFound } from './api-errors.js';
import { sendJson } from './json-reply.js';

/** Injection token of what ends the process in order. */
export const SHUT_DOWN = Symbol('shut down');

type Control = 'heartbeat' | 'stats' | 'shutdown';

/** Whether the gateway lives, what it uses, and how it is stopped. Each request ticks on the channel `controls`. */
@Controller('api/v1/controls')
export class ControlsController {
  constructor(
    private readonly gateway: Gateway,
    @Inject(SHUT_DOWN) private readonly shutDown: () => void,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  @Get()
  async list(@Res() reply: FastifyReply): Promise<void> {
    const all: readonly Control[] = ['heartbeat', 'shutdown', 'stats'];
    await sendJson(reply, JSON.stringify(all.filter((control) => this.has(control))));
  }

  /** Goes through the log and back: an answer says that both work. */
  @Get('heartbeat')
  async heartbeat(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const channel = this.channelOf('heartbeat', identity);
    const json = await this.tick(channel, { name: 'heartbeat', status: 'ok' });
    await this.gateway.live.current(channel);
    await sendJson(reply, json);
  }

  /** What the process and its machine use. */
  @Get('stats')
  async stats(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const channel = this.channelOf('stats', identity);
    const data = readStats();
    await sendJson(
      reply,
      await this.tick(channel, { name: 'stats', status: 'ok', data, data_str: JSON.stringify(data) }),
    );
  }

  /** Answers, then stops this process in order; it exits with 0. */
  @Post('shutdown')
  async shutdown(@Who() identity: Identity, @Res() reply: FastifyReply): Promise<void> {
    const channel = this.channelOf('shutdown', identity);
    const json = await this.tick(channel, { name: 'shutdown', status: 'ok' });
    // Whoever waits for the channel here has the tick, and not the end of the process in its place.
    await this.gateway.live.current(channel).catch(() => undefined);
    this.log.warn({ subject: identity.subject }, 'asked to shut down');
    reply.raw.once('close', () => this.shutDown());
    await sendJson(reply.header('connection', 'close'), json);
  }

  private tick(channel: Channel, values: Readonly<Record<string, unknown>>): Promise<string> {
    return this.gateway.send(channel, null, values);
  }

  /** @throws ApiError 404, SluiceError FORBIDDEN */
  private channelOf(control: Control, identity: Identity): Channel {
    const channel = this.gateway.mounted.catalogue.channels.get(CONTROLS_CHANNEL);
    if (channel === undefined || !this.has(control)) throw notFound();
    assertAllowed(identity, 'channel:read', channel);
    return channel;
  }

  private has(control: Control): boolean {
    return this.gateway.mounted.application.mounts.controls?.[control] === true;
  }
}

let before = { atMs: performance.now(), usage: process.cpuUsage() };

function readStats(): Record<string, unknown> {
  const now = timestampOf(Date.now());
  const freePercent = (freemem() / totalmem()) * 100;
  return {
    cpu: cpuPercent(),
    memory: 100 - freePercent,
    'memory-total': freePercent,
    pid: process.pid,
    active_threads: threadCount(),
    max_threads: 'unlimited',
    now,
    'csp-now': now,
    host: hostname(),
    user: userName(),
    cpus: cpus().length,
  };
}

/** Of one core, since the last time it was asked for. */
function cpuPercent(): number {
  const atMs = performance.now();
  const { user, system } = process.cpuUsage(before.usage);
  const elapsedMs = Math.max(1, atMs - before.atMs);
  before = { atMs, usage: process.cpuUsage() };
  return (user + system) / 10 / elapsedMs;
}

/** Linux tells; elsewhere it is one at the least. */
function threadCount(): number {
  try {
    return readdirSync('/proc/self/task').length;
  } catch {
    return 1;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
