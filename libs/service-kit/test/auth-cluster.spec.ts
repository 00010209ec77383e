import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisCluster, startCluster, waitFor } from '@sluice/testing';
import { type StrictSample, ready, startStrict } from './support/strict.js';

let cluster: RedisCluster;
let sample: StrictSample;
let other: StrictSample;

beforeAll(async () => {
  cluster = await startCluster({ replicasPerMaster: 0 });
  [sample, other] = await Promise.all([startStrict(cluster.url), startStrict(cluster.url)]);
  await Promise.all([ready(sample.url), ready(other.url)]);
}, 60_000);

afterAll(async () => {
  await Promise.all([sample?.service.close(), other?.service.close()]);
  await cluster?.stop();
});

describe('on a Redis cluster', () => {
  it('users, keys, tokens and revocations are as on one Redis', async () => {
    const { users, tokens, apiKeys, audit } = sample;
    const status = async (token: string): Promise<number> =>
      (await fetch(`${other.url}/things`, { headers: { token } })).status;
    await users.add({ name: 'alice', password: 'wonderland', scopes: ['stream:read'] }, 'test');
    const { token, tokenId } = await tokens.issue('alice');
    const { secret } = await apiKeys.create({ name: 'camera', scopes: ['stream:*'], owner: 'alice' });
    expect([await status(token), await status(secret)]).toEqual([200, 200]);
    await tokens.revoke(tokenId, 'test');
    await waitFor(async () => (await status(token)) === 401);
    await users.remove('alice', 'test');
    await waitFor(async () => (await status(secret)) === 401);
    expect((await audit.read()).map(({ event }) => event)).toContain('user-removed');
  });
});
