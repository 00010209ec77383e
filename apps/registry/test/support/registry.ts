import { startRedis, type RedisOptions, type RedisServer } from '@sluice/testing';
import { StreamLog } from '@sluice/stream-log';
import { createRegistry } from '../../src/create-registry.js';

/** What an operation was answered. */
export interface Answered<T = Record<string, unknown>> {
  readonly data: T | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions?: { readonly code?: string; readonly details?: unknown };
  }[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A registry in this process. */
export class Registry {
  private constructor(
    readonly service: Awaited<ReturnType<typeof createRegistry>>,
    readonly redis: RedisServer,
    readonly url: string,
    private readonly ownsRedis: boolean,
  ) {}

  /** @param redis one that is there; without it, one of its own */
  static async start(
    environment: Record<string, string> = {},
    { redis, options = {} }: { redis?: RedisServer; options?: RedisOptions } = {},
  ): Promise<Registry> {
    const server = redis ?? (await startRedis(options));
    const service = await createRegistry({
      REDIS_URL: server.url,
      SLUICE_REGISTRY_PORT: '0',
      SLUICE_LOG_LEVEL: 'silent',
      ...environment,
    });
    return new Registry(service, server, await service.listen(), redis === undefined);
  }

  get log(): StreamLog {
    return this.service.app.get(StreamLog);
  }

  /** Base URL of the sockets. */
  get ws(): string {
    return this.url.replace('http', 'ws');
  }

  /** Sends an operation with POST. */
  async ask<T = Record<string, unknown>>(
    query: string,
    variables: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<Answered<T>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as Answered<T>;
  }

  /** The data of an operation. @throws Error with what went wrong */
  async data<T = Record<string, unknown>>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const { data, errors } = await this.ask<T>(query, variables);
    if (errors !== undefined || data === null) throw new Error(JSON.stringify(errors));
    return data;
  }

  /** Appends an entry as another program would. */
  async add(key: string, payload: string | Buffer, id = '*'): Promise<string> {
    return String(await this.redis.command('XADD', key, id, 'd', payload));
  }

  async close(): Promise<void> {
    await this.service.close();
    if (this.ownsRedis) await this.redis.stop();
  }
}
