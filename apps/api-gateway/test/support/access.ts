import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { prepareAccess } from '../../src/first-start.js';
import { startGateway, type TestGateway } from './gateway.js';

/** A user of a test, signed in. */
export interface SignedIn {
  readonly name: string;
  readonly password: string;
  readonly token: string;
}

/** Redis, stream store and gateway in one mode, with the first administrator signed in. */
export class AccessSystem {
  private constructor(
    readonly redis: RedisServer,
    readonly store: RunningApp,
    readonly gateway: TestGateway,
    readonly mode: 'open' | 'strict',
    readonly admin: SignedIn,
  ) {}

  static async start(mode: 'open' | 'strict', environment: Record<string, string> = {}): Promise<AccessSystem> {
    const redis = await startRedis();
    const env = { REDIS_URL: redis.url, SLUICE_AUTH_MODE: mode, ...environment };
    const { admins, password } = await prepareAccess({ ...env, SLUICE_LOG_LEVEL: 'silent' }, []);
    const store = await startApp('stream-store', env);
    const gateway = await startGateway(store.url, env);
    const system = new AccessSystem(redis, store, gateway, mode, NOBODY);
    const admin = await system.signIn(admins[0] ?? '', password ?? '');
    return new AccessSystem(redis, store, gateway, mode, admin);
  }

  get url(): string {
    return this.gateway.url;
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    await this.store.kill();
    await this.redis.stop();
  }

  /** Asks the gateway; `as` signs the request. */
  fetch(path: string, { as, ...init }: RequestInit & { readonly as?: string | undefined } = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (as !== undefined) headers.set('authorization', `Bearer ${as}`);
    return fetch(this.url + path, { ...init, headers });
  }

  /** Sends JSON. */
  send(method: string, path: string, body: unknown, as?: string): Promise<Response> {
    return this.fetch(path, {
      method,
      as,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  logIn(username: string, password: string, path = '/token'): Promise<Response> {
    return this.fetch(path, { method: 'POST', body: new URLSearchParams({ username, password }) });
  }

  /** @throws Error when it is refused */
  async signIn(name: string, password: string): Promise<SignedIn> {
    // A gateway that has just started may not have reached Redis yet.
    const response = await waitFor(async () => {
      const answer = await this.logIn(name, password);
      return answer.status === 503 ? null : answer;
    });
    if (response.status !== 200) throw new Error(`log-in of ${name}: ${response.status} ${await response.text()}`);
    const { access_token: token } = (await response.json()) as { access_token: string };
    return { name, password, token };
  }

  /** Adds a user and signs them in. */
  async addUser(name: string, scopes: readonly string[], password = `password of ${name}`): Promise<SignedIn> {
    const response = await this.send('POST', '/v1/users', { name, password, scopes }, this.admin.token);
    if (response.status !== 201) throw new Error(`user ${name}: ${response.status} ${await response.text()}`);
    return this.signIn(name, password);
  }
}

const NOBODY: SignedIn = { name: '', password: '', token: '' };
