import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../setup/progress.mjs';
import { ManagedChild } from '../start/child.mjs';
import { PidNotes } from '../start/pids.mjs';
import { freePort } from '../start/ports.mjs';
import { throwawayRedisSpec } from '../start/redis.mjs';

const startTimeoutMs = 20_000;

/**
 * Starts a Redis on a free port for this run: `{ url, stop }`. It keeps nothing, and ends with this process at the latest;
 * one that a killed run has left is ended first.
 */
export async function startPrivateRedis(redis) {
  const notes = new PidNotes();
  await notes.reap();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const port = await freePort();
  const spec = throwawayRedisSpec(redis, port, folder);
  const output = [];
  const child = new ManagedChild(spec, {
    onLine: ({ line }) => output.push(line) > 20 && output.shift(),
    onSpawn: (pid) => notes.write(spec.name, pid),
    onGone: () => notes.remove(spec.name),
  });
  process.on('exit', () => {
    child.kill();
    notes.remove(spec.name);
    rmSync(folder, { recursive: true, force: true });
  });
  child.start();
  const deadline = Date.now() + startTimeoutMs;
  while (!child.isReady) {
    if (Date.now() > deadline || child.failures > 2) {
      throw new Refusal(`the tests' own Redis (${redis.bin}) does not start:\n${output.join('\n')}`);
    }
    await delay(10);
  }
  return { url: `redis://127.0.0.1:${port}`, stop: () => child.stop(2000) };
}
