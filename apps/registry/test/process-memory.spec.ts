import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApp, startRedis, type RedisServer, type RunningApp } from '@sluice/testing';
import { GraphqlClient } from './support/client.js';

/** Bytes that one answer has. */
const ANSWER_BYTES = 60_000_000;
const ENTRY_BYTES = 150_000;
const SOCKETS = 15;
/** What the process takes in all, idle some 160 MB: without settings for its heap and allocator, 1.4 GB. */
const MAX_RESIDENT_BYTES = 1_000_000_000;
const LARGE = '{ streams(prefix: "large:") { id lastEntryString } }';

let redis: RedisServer;
let app: RunningApp;

beforeAll(async () => {
  redis = await startRedis();
  const entry = 'x'.repeat(ENTRY_BYTES);
  for (let at = 0; at < ANSWER_BYTES / ENTRY_BYTES; at++) await redis.command('XADD', `large:s${at}`, '*', 'd', entry);
  app = await startApp('registry', { REDIS_URL: redis.url, SLUICE_REGISTRY_STALL_MS: '500' });
}, 60_000);

afterAll(async () => {
  await app.kill();
  await redis.stop();
});

it('sockets that ask for gigabytes and read nothing leave the process as a whole within bounds', async () => {
  const open = (): Promise<GraphqlClient> => GraphqlClient.open(app.url.replace('http', 'ws'), 'graphql-transport-ws');
  const clients = await Promise.all(Array.from({ length: SOCKETS }, open));
  for (const client of clients) {
    client.ws.on('error', () => undefined).pause();
    for (let at = 0; at < 4; at++) client.begin(String(at), LARGE);
  }
  // Those who lose their place make room for the next: when it is the turn of this one, most of them have.
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: LARGE }),
  });
  expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(ANSWER_BYTES);
  for (const { ws } of clients) ws.terminate();
  expect(await highestBytes()).toBeLessThan(MAX_RESIDENT_BYTES);
}, 120_000);

/** The most memory that the process ever took. */
async function highestBytes(): Promise<number> {
  const status = await readFile(`/proc/${app.process.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/u.exec(status)?.[1]) * 1024;
}
