import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningApp, sharedRedisUrl, startApp } from '@sluice/testing';

const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
const documented = new Set(page.match(/\bsluice_[a-z_]+\b/g));
let store: RunningApp;
let gateway: RunningApp;

beforeAll(async () => {
  store = await startApp('stream-store', { REDIS_URL: await sharedRedisUrl() });
  gateway = await startApp('api-gateway', { SLUICE_STREAM_STORE_URL: store.url });
});

afterAll(async () => {
  await gateway.kill('SIGTERM');
  await store.kill('SIGTERM');
});

describe('docs/operations.md', () => {
  it('names every metric that the services give, and no other', async () => {
    const given = new Set<string>();
    for (const app of [store, gateway]) {
      const text = await (await fetch(`${app.url}/metrics`)).text();
      for (const [, name] of text.matchAll(/^# TYPE (sluice_\w+) /gm)) given.add(name as string);
    }
    expect([...given].toSorted()).toEqual([...documented].toSorted());
  });
});
