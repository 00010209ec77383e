import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { WebSocket } from 'ws';
import { RefusalAudit } from '../src/auth/refusal-audit.js';
import { type IncomingMessage } from 'node:http';
import { type AuditEvent } from '../src/index.js';
import { startStrictSystem } from './support/strict.js';

let system: Awaited<ReturnType<typeof startStrictSystem>>;

beforeAll(async () => {
  system = await startStrictSystem();
});

afterAll(() => system.close());

const closed = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.once('error', () => undefined);
  });

describe('the audit trail', () => {
  it('has every change of rights, with who asked for it, and no secret', async () => {
    const { users, apiKeys, tokens, audit } = system;
    await users.add({ name: 'alice', password: 'first-password', scopes: ['stream:read'] }, 'root');
    await users.setPassword('alice', 'second-password', 'alice');
    await users.setScopes('alice', ['stream:*=cam*'], 'root');
    const { secret } = await apiKeys.create({ name: 'camera', scopes: ['stream:read'], owner: 'alice' });
    await apiKeys.revoke('camera', 'alice');
    await tokens.revoke('some-token', 'root');
    await tokens.revokeAll('alice', 'root');
    await users.remove('alice', 'root');
    const entries = (await audit.read()).toReversed();
    expect(entries.map(({ event, subject }) => `${event} by ${subject}`)).toEqual([
      'user-added by root',
      'password-changed by alice',
      'scopes-changed by root',
      'key-created by alice',
      'key-revoked by alice',
      'token-revoked by root',
      'tokens-revoked by root',
      'user-removed by root',
    ]);
    expect(JSON.stringify(entries)).not.toMatch(new RegExp(`-password"|${secret}`));
    expect(await audit.read({ after: entries[5]!.id })).toEqual(entries.slice(6));
    expect(await audit.read({ count: 2 })).toEqual(entries.slice(6).toReversed());
    await expect(audit.read({ after: 'x' })).rejects.toMatchObject({ code: 'INVALID_ID' });
  });

  it('has a refusal with address and route, and a flood of them only once a minute', async () => {
    await system.users.add({ name: 'reader', password: 'password', scopes: ['channel:read'] }, 'root');
    await system.users.add({ name: 'named', password: 'password', scopes: ['stream:read=a*'] }, 'root');
    const { token } = await system.tokens.issue('reader');
    const call = (headers: Record<string, string>): Promise<Response> => fetch(`${system.url}/things`, { headers });
    for (let count = 0; count < 20; count++) await call({ token: 'my-wrong-secret' });
    await call({ token });
    const { token: named } = await system.tokens.issue('named');
    expect((await fetch(`${system.url}/things/forbidden`, { headers: { token: named } })).status).toBe(403);
    await closed(new WebSocket(`${system.ws}/echo/forbidden?token=${named}`));
    await closed(new WebSocket(`${system.ws}/echo/later?token=${named}`));
    const refused = await waitFor(async () => {
      const found = (await system.audit.read()).filter(({ event }) => event === 'refused');
      return found.length >= 4 ? found.toReversed() : null;
    });
    expect(refused.map(({ subject, details }) => ({ subject, ...details }))).toEqual([
      { subject: null, code: 'UNAUTHENTICATED', address: '127.0.0.1', route: 'GET /things', count: 1 },
      { subject: 'reader', code: 'FORBIDDEN', address: '127.0.0.1', route: 'GET /things', count: 1 },
      { subject: 'named', code: 'FORBIDDEN', address: '127.0.0.1', route: 'GET /things/forbidden', count: 1 },
      { subject: 'named', code: 'FORBIDDEN', address: '127.0.0.1', route: 'WS /echo/:name', count: 1 },
    ]);
    expect(JSON.stringify(refused)).not.toContain('my-wrong-secret');
  });
});

describe('refusals that are counted', () => {
  const refusal = { code: 'UNAUTHENTICATED', subject: null, route: 'GET /x' } as const;
  const request = {} as IncomingMessage;

  it('are written at once, and those that follow as one entry with their number', async () => {
    const written: AuditEvent[] = [];
    const append = (event: AuditEvent): Promise<void> => Promise.resolve(void written.push(event));
    const audit = new RefusalAudit({ append }, () => '192.0.2.1');
    for (let count = 0; count < 100; count++) audit.note(refusal, request);
    expect(written.map(({ details }) => details['count'])).toEqual([1]);
    await audit.close();
    expect(written.map(({ details }) => details['count'])).toEqual([1, 99]);
  });

  it('from ever new addresses take a bounded number of entries', async () => {
    let written = 0;
    let addresses = 0;
    const append = (): Promise<void> => Promise.resolve(void (written += 1));
    const audit = new RefusalAudit({ append }, () => `192.0.2.${(addresses += 1)}`);
    for (let count = 0; count < 5000; count++) audit.note(refusal, request);
    await audit.close();
    expect(written).toBe(501);
  });

  it('that cannot be written trouble nobody', async () => {
    const audit = new RefusalAudit({ append: () => Promise.reject(new Error('Redis is away')) }, () => '192.0.2.1');
    audit.note(refusal, request);
    await expect(audit.close()).resolves.toBeUndefined();
  });
});
