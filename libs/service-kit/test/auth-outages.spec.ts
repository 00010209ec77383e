import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort, startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { type StrictSample, ready, startStrict } from './support/strict.js';

let redis: RedisServer | null = null;
let sample: StrictSample | null = null;

afterEach(async () => {
  await sample?.service.close();
  await redis?.stop();
  [sample, redis] = [null, null];
});

const status = async (url: string, token?: string): Promise<number> =>
  (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status;

describe('strict mode without Redis', () => {
  it('starts, lets nobody in, and is ready when Redis answers', async () => {
    const port = await freePort();
    sample = await startStrict(`redis://127.0.0.1:${port}`);
    const { url } = sample;
    expect([await status(`${url}/health/ready`), await status(`${url}/health/live`)]).toEqual([503, 200]);
    expect([await status(`${url}/things`), await status(`${url}/things`, 'a.b.c')]).toEqual([401, 503]);
    redis = await startRedis({ port });
    await ready(url);
    expect(await status(`${url}/things`, 'a.b.c')).toBe(401);
  });

  it('keeps what it knows and refuses the rest with 503, until Redis is back', async () => {
    redis = await startRedis({ appendonly: true, appendfsync: 'always' });
    sample = await startStrict(redis.url);
    const { url, users, tokens } = sample;
    await ready(url);
    await users.add({ name: 'alice', password: 'wonderland', scopes: ['stream:read'] }, 'test');
    const { token: seen, tokenId } = await tokens.issue('alice');
    const { token: unseen } = await tokens.issue('alice');
    expect(await status(`${url}/things`, seen)).toBe(200);
    await redis.kill();
    await waitFor(async () => (await status(`${url}/things`, 'c2x1aWNl.b.c')) === 503);
    expect([await status(`${url}/things`, seen), await status(`${url}/things`, unseen)]).toEqual([200, 503]);
    expect(await status(`${url}/health/ready`)).toBe(503);
    await expect(users.setScopes('alice', [], 'test')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await redis.restart();
    await ready(url);
    expect(await status(`${url}/things`, unseen)).toBe(200);
    await tokens.revoke(tokenId, 'test');
    expect(await status(`${url}/things`, seen)).toBe(401);
  });
});

describe('open mode without Redis', () => {
  it('goes on: everybody is let in, and the service is ready', async () => {
    sample = await startStrict(`redis://127.0.0.1:${await freePort()}`, { SLUICE_AUTH_MODE: 'open' });
    const { url } = sample;
    expect([await status(`${url}/health/ready`), await status(`${url}/things`)]).toEqual([200, 200]);
    expect(await status(`${url}/things`, 'garbage')).toBe(200);
  });
});
