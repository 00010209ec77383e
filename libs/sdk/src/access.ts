import {
  type ApiKeyView,
  type AuditEntryView,
  type Me,
  type NewApiKeyView,
  type TokenAnswer,
  type UserView,
} from '@sluice/contracts';
import { type Rest } from './rest.js';

/** Which entries of the audit trail. */
export interface AuditFilter {
  /** Only entries after this id. */
  readonly after?: string | undefined;
  /** At most so many; default 100. */
  readonly count?: number | undefined;
}

/** Users, tokens, API keys and the audit trail. */
export class AccessApi {
  /** @internal made by `Sluice` */
  constructor(private readonly rest: Rest) {}

  /** Logs in; what is returned serves as the `token` of a client. @throws SluiceError `UNAUTHENTICATED`, `RATE_LIMITED` */
  async login(username: string, password: string): Promise<string> {
    const body = new URLSearchParams({ username, password }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.rest.json<TokenAnswer>('/token', { method: 'POST', headers, body });
    return answer.access_token;
  }

  /** Revokes the token of this client. */
  async logout(): Promise<void> {
    await this.rest.request('/v1/tokens/current', { method: 'DELETE' });
  }

  /** Who this client is, and what it may do. */
  me(): Promise<Me> {
    return this.rest.json('/v1/me');
  }

  users(): Promise<readonly UserView[]> {
    return this.rest.json('/v1/users');
  }

  addUser(name: string, password: string, scopes: readonly string[]): Promise<UserView> {
    return this.rest.sendJson('POST', '/v1/users', { name, password, scopes });
  }

  /** Removes a user; their tokens and keys, and the sockets open with them, end. */
  async removeUser(name: string): Promise<void> {
    await this.rest.request(userPath(name), { method: 'DELETE' });
  }

  /** Sets a password; one's own needs the old one. */
  async setPassword(name: string, password: string, oldPassword?: string): Promise<void> {
    const body = JSON.stringify({ password, oldPassword });
    const headers = { 'content-type': 'application/json' };
    await this.rest.request(`${userPath(name)}/password`, { method: 'PUT', headers, body });
  }

  setScopes(name: string, scopes: readonly string[]): Promise<UserView> {
    return this.rest.sendJson('PUT', `${userPath(name)}/scopes`, { scopes });
  }

  /** One's own keys; for an administrator everybody's. */
  keys(): Promise<readonly ApiKeyView[]> {
    return this.rest.json('/v1/keys');
  }

  /** Makes a key; its secret is shown this once. */
  createKey(name: string, scopes: readonly string[]): Promise<NewApiKeyView> {
    return this.rest.sendJson('POST', '/v1/keys', { name, scopes });
  }

  async revokeKey(name: string): Promise<void> {
    await this.rest.request(`/v1/keys/${encodeURIComponent(name)}`, { method: 'DELETE' });
  }

  /** The audit trail, newest first. */
  audit({ after, count }: AuditFilter = {}): Promise<readonly AuditEntryView[]> {
    return this.rest.json('/v1/audit', { query: { after, count } });
  }
}

function userPath(name: string): string {
  return `/v1/users/${encodeURIComponent(name)}`;
}
