import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Identity } from '@sluice/service-kit';
import { RedisCommands } from '@sluice/stream-log';
import { startRedis, type RedisServer } from '@sluice/testing';
import { type QuotaSettings } from '../src/config.js';
import { Quotas } from '../src/quotas/quotas.js';

const SETTINGS: QuotaSettings = {
  userStreams: 1,
  streams: 1_000_000,
  userBytes: null,
  bytes: null,
  userConnections: 10,
  connections: 10,
  userEntriesPerSecond: 0,
  entriesPerSecond: 0,
  autoCreate: true,
};

let server: RedisServer;
let redis: RedisCommands;
beforeAll(async () => {
  server = await startRedis();
  redis = await RedisCommands.connect(server.url);
});
afterAll(async () => {
  redis?.close();
  await server?.stop();
});

function user(subject: string): Identity {
  return {
    subject,
    kind: 'token',
    credentialId: null,
    expiresAtMs: null,
    account: subject,
    scopes: [],
    allows: () => true,
  };
}

function quotasOf(settings: Partial<QuotaSettings>): Quotas {
  return new Quotas({ quotas: { ...SETTINGS, ...settings } } as ConstructorParameters<typeof Quotas>[0], redis);
}

describe('streams that are asked about', () => {
  it('are refused to who has used up a quota and to nobody else who asks at the same moment', async () => {
    const quotas = quotasOf({});
    await quotas.admit(user('ada'), ['lab:one']);
    await server.command('XADD', 'lab:one', '*', 'd', 'x');
    const [ada, bob] = await Promise.allSettled([
      quotas.admit(user('ada'), ['lab:two']),
      quotas.admit(user('bob'), ['lab:two']),
    ]);
    expect(ada).toMatchObject({ status: 'rejected', reason: { code: 'QUOTA_EXCEEDED' } });
    expect(bob.status).toBe('fulfilled');
  });

  it('are counted once and up to the quota, however many are asked about at once', async () => {
    const quotas = quotasOf({ userStreams: 1200 });
    const names = Array.from({ length: 1200 }, (_, at) => `lab:many${at}`);
    await quotas.admit(user('eve'), names);
    expect(names.every((name) => quotas.isAdmitted(name))).toBe(true);
    for (const name of names) server.command('XADD', name, '*', 'd', 'x').catch(() => undefined);
    await server.command('PING');
    await expect(quotas.admit(user('eve'), ['lab:more1', 'lab:more2'])).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    });
  });
});
