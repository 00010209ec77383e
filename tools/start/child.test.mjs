import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../setup/processes.mjs';
import { ManagedChild } from './child.mjs';

const fixture = join(import.meta.dirname, 'fixtures/app.mjs');

/** A child running the fixture, which collects its reports and lines. */
function managed(mode, policy) {
  const seen = { reports: [], lines: [], pids: [] };
  const spec = {
    name: 'fixture',
    command: process.execPath,
    args: [fixture, mode],
    isReady: async () => seen.lines.includes(`up ${seen.pids.at(-1)}`),
  };
  const hooks = {
    report: (text) => seen.reports.push(text),
    onLine: ({ line }) => seen.lines.push(line),
    onSpawn: (pid) => seen.pids.push(pid),
  };
  return { child: new ManagedChild(spec, hooks, policy), seen };
}

async function until(condition, what) {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
    await delay(10);
  }
}

test('a child that is killed is started again, and both are said', async () => {
  const { child, seen } = managed('serve', { firstMs: 10 });
  child.start();
  await until(() => child.isReady, 'the first start');
  process.kill(child.pid, 'SIGKILL');
  await until(() => seen.pids.length === 2 && child.isReady, 'the second start');
  await child.stop(2000);
  assert.match(seen.reports[0], /^fixture ended \(killed by SIGKILL\); starting it again in 0\.01 s$/);
  assert.match(seen.reports[1], /^fixture is back \(ready after [\d.]+ s\)$/);
  assert.equal(seen.pids.some(isAlive), false);
});

test('a child that keeps crashing is started after growing pauses, with its exit code and last words', async () => {
  const { child, seen } = managed('crash', { firstMs: 5, maxMs: 20 });
  child.start();
  await until(() => seen.reports.length >= 4, 'four crashes');
  await child.stop(2000);
  const pauses = seen.reports.slice(0, 4).map((report) => Number(/again in ([\d.]+) s/.exec(report)[1]));
  assert.deepEqual(pauses, [0.005, 0.01, 0.02, 0.02]);
  assert.match(seen.reports[0], /\(exit code 3\)/);
  assert.match(seen.reports[0], /config is wrong: FIXTURE=1/);
});

test('a child that finds its configuration wrong is not started again', async () => {
  const { child, seen } = managed('misconfigured', { firstMs: 5 });
  child.start();
  await until(() => child.isMisconfigured, 'its end');
  await child.stop(2000);
  assert.deepEqual([seen.pids.length, seen.reports, child.lastWords], [1, [], ['config is wrong: FIXTURE=1']]);
});

test('a run long enough to be healthy starts the pauses over', async () => {
  const { child, seen } = managed('crash', { firstMs: 5, healthyAfterMs: 0 });
  child.start();
  await until(() => seen.reports.length >= 3, 'three crashes');
  await child.stop(2000);
  for (const report of seen.reports) assert.match(report, /again in 0\.005 s/);
});

test('a child that cannot be started is reported like a crash', async () => {
  const reports = [];
  const spec = { name: 'ghost', command: '/nonexistent/ghost', args: [], isReady: async () => false };
  const child = new ManagedChild(spec, { report: (text) => reports.push(text) }, { firstMs: 5 });
  child.start();
  await until(() => reports.length >= 2, 'two reports');
  await child.stop(100);
  assert.match(reports[0], /^ghost ended \(spawn \/nonexistent\/ghost ENOENT\)/);
});

test('stopping ends a child that minds SIGTERM by itself, without a report', async () => {
  const { child, seen } = managed('serve');
  child.start();
  await until(() => child.isReady, 'the start');
  await child.stop(5000);
  assert.deepEqual(seen.reports, []);
  assert.equal(isAlive(seen.pids[0]), false);
});

test('stopping kills a child that ignores SIGTERM once its time is up', async () => {
  const { child, seen } = managed('stubborn');
  child.start();
  await until(() => child.isReady, 'the start');
  await child.stop(100);
  assert.equal(isAlive(seen.pids[0]), false);
});

test('what a child has started itself ends with it', async () => {
  const { child, seen } = managed('parent');
  child.start();
  await until(() => child.isReady, 'the start');
  const grandchild = Number(/grandchild (\d+)/.exec(seen.lines.join('\n'))[1]);
  assert.equal(isAlive(grandchild), true);
  await child.stop(2000);
  await until(() => !isAlive(grandchild), 'the end of the grandchild');
});

test('stopping during a pause starts nothing more', async () => {
  const { child, seen } = managed('crash', { firstMs: 60_000, maxMs: 60_000 });
  child.start();
  await until(() => seen.reports.length === 1, 'the first crash');
  await child.stop(1000);
  assert.equal(seen.pids.length, 1);
});

test('a wanted restart is no failure', async () => {
  const { child, seen } = managed('serve');
  child.start();
  await until(() => child.isReady, 'the first start');
  await child.restart(2000);
  await until(() => child.isReady, 'the second start');
  assert.equal(child.failures, 0);
  assert.deepEqual(seen.reports, []);
  await child.stop(2000);
  assert.equal(seen.pids.length, 2);
});
