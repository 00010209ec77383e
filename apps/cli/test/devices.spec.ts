import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, type RedisServer, type RunningApp } from '@sluice/testing';
import { run } from './terminal.js';

let redis: RedisServer;
let registry: RunningApp;

beforeAll(async () => {
  redis = await startRedis();
  registry = await startApp('registry', { REDIS_URL: redis.url });
});
afterAll(async () => {
  await registry.kill();
  await redis.stop();
});

async function mutate(query: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${registry.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  expect(await response.json()).toEqual({ data: expect.any(Object) });
}

describe('devices', () => {
  it('says that there are none', async () => {
    const { code, out, err } = await run(['devices'], registry.url);
    expect([code, out.toString()]).toEqual([0, '']);
    expect(err).toContain('no devices yet');
  });

  it('lists who is connected, who was, when, and with how many streams', async () => {
    await mutate('mutation { a: connectDevice(id: "cam1", meta: {}) b: connectDevice(id: "cam2", meta: {}) }');
    await mutate('mutation { disconnectDevice(id: "cam2") }');
    await redis.command('XADD', 'cam1:video', '*', 'd', 'x');
    const { out } = await run(['devices'], registry.url);
    const [head, ...rows] = out.toString().trimEnd().split('\n');
    expect(head?.split(/\s{2,}/)).toEqual(['device', 'connected', 'last seen', 'streams']);
    expect(rows).toEqual([
      expect.stringMatching(/^cam1 +yes +.* ago +1$/),
      expect.stringMatching(/^cam2 +no +.* ago +0$/),
    ]);
    const json = await run(['devices', '--connected', '--json'], registry.url);
    expect(JSON.parse(json.out.toString())).toMatchObject({ id: 'cam1', connected: true, streamIds: ['video'] });
    expect((await run(['devices', '--match', 'x*'], registry.url)).err).toContain('no device fits "x*"');
  });
});
