import { it } from '@jest/globals';
import { startRedis, type RedisServer } from '@sluice/testing';
import { type ChannelView } from '../../src/channels/channel-view.js';
import { createChannelGateway } from '../../src/create-channel-gateway.js';
import { type Channel } from '../../src/engine/catalogue.js';
import { Gateway } from '../../src/gateway.js';
import { type Application } from '../../src/sdk/application.js';
import { Replicas, type Sourced } from './replicas.js';
import { StreamClient } from './socket.js';

/** What a request answered. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export interface GatewayOptions {
  readonly application?: Application;
  readonly environment?: Record<string, string>;
  /** Default: one of its own, which ends with it. */
  readonly redis?: RedisServer;
  readonly shutDown?: () => void;
  /** What most of a file's tests ask: replicas behind a gateway, where the suite is run against those. */
  readonly isSuite?: boolean;
}

/** How many replicas the suite runs against (`jest.replicas.config.mjs`); none: a gateway in this process. */
const { replicaCount = 0 } = globalThis as { readonly replicaCount?: number };

/** `it` for what is looked at, or set up, inside the process of a gateway; nothing where that is another process. */
export const itWithin: (title: string, run: () => Promise<void>) => void = replicaCount === 0 ? it : () => undefined;

/** A channel gateway: in this process, or several processes of it behind a gateway. */
export class TestGateway {
  private constructor(
    private readonly own: Awaited<ReturnType<typeof createChannelGateway>> | null,
    private readonly replicas: Replicas | null,
    readonly redis: RedisServer,
    readonly url: string,
    private readonly ownsRedis: boolean,
  ) {}

  static async start(options: GatewayOptions = {}): Promise<TestGateway> {
    const { application, environment, redis, shutDown } = options;
    const server = redis ?? (await startRedis());
    if (options.isSuite === true && replicaCount > 0) {
      const started = { redis: server, application: (application as Sourced | undefined) ?? null };
      const replicas = await Replicas.start(replicaCount, { ...started, environment: environment ?? {} });
      return new TestGateway(null, replicas, server, replicas.front.url, redis === undefined);
    }
    const variables = {
      REDIS_URL: server.url,
      SLUICE_CHANNEL_GATEWAY_PORT: '0',
      SLUICE_LOG_LEVEL: 'silent',
      ...environment,
    };
    const service = await createChannelGateway(variables, {
      shutDown: shutDown ?? (() => undefined),
      ...(application === undefined ? {} : { application }),
    });
    return new TestGateway(service, null, server, await service.listen(), redis === undefined);
  }

  get service(): Awaited<ReturnType<typeof createChannelGateway>> {
    if (this.own === null) throw new Error('the gateway runs in processes of its own: use itWithin');
    return this.own;
  }

  get gateway(): Gateway {
    return this.service.app.get(Gateway);
  }

  /** What this replica knows of a channel. */
  viewOf(name: string): ChannelView {
    const { live, mounted } = this.gateway;
    return live.view(mounted.catalogue.channels.get(name) as Channel);
  }

  /** Metrics of all replicas. */
  async metrics(): Promise<string> {
    const urls = this.replicas?.replicas.map(({ url }) => url) ?? [this.url];
    const texts = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
    return texts.join('\n');
  }

  /** Below `/api/v1`, unless the path begins with two slashes. */
  async get(path: string, init: RequestInit = {}): Promise<Answer> {
    const target = path.startsWith('//') ? path.slice(1) : `/api/v1${path}`;
    const response = await fetch(`${this.url}${target}`, { redirect: 'manual', ...init });
    const text = await response.text();
    return { status: response.status, body: parsed(text), headers: response.headers };
  }

  /** The list that a path answers. */
  async list(path: string): Promise<Record<string, unknown>[]> {
    const { status, body } = await this.get(path);
    if (status !== 200) throw new Error(`${path} answered ${status} ${JSON.stringify(body)}`);
    return body as Record<string, unknown>[];
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const text = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    return this.get(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, ...text });
  }

  socket(path?: string): Promise<StreamClient> {
    return StreamClient.open(this.url, path);
  }

  async close(): Promise<void> {
    await this.own?.close();
    await this.replicas?.stop();
    if (this.ownsRedis) await this.redis.stop();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
