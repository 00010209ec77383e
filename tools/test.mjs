#!/usr/bin/env node
// npm test: set-up, build, every test against a Redis of its own; the last line is the total.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { Refusal, reportFailure, say, style } from './setup/progress.mjs';
import { setUp } from './setup.mjs';
import { findExtras } from './test/extras.mjs';
import { runJest } from './test/jest.mjs';
import { runNodeTests } from './test/node-tests.mjs';
import { help, readOptions } from './test/options.mjs';
import { startPrivateRedis } from './test/private-redis.mjs';

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) say(help);
  else conclude(await test(options));
} catch (error) {
  reportFailure(error);
}

async function test(options) {
  const { redis } = await setUp({ needsRedis: true });
  const results = options.build ? [await buildFirst()] : [];
  const extras = await findExtras();
  const server = await startPrivateRedis(redis);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-results-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const env = { ...extras, SLUICE_TEST_REDIS_URL: server.url, SLUICE_TEST_REDIS_BIN: redis.bin };
  try {
    if (options.tools) results.push(await runNodeTests({ env, folder }));
    if (options.projects === null || options.projects.length > 0) {
      results.push(await runJest({ projects: options.projects, args: options.jest, env, folder }));
    }
  } finally {
    await server.stop();
  }
  return results;
}

/** Tests that start an app need it built; the others run all the same, so that one mistake hides nothing. */
async function buildFirst() {
  try {
    await build();
    return { passed: 0, failed: 0, skipped: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(`${style.red('error')} ${error.message}`);
    return { passed: 0, failed: 1, skipped: [], note: 'the build failed (see above)' };
  }
}

function conclude(results) {
  const sum = (count) => results.reduce((total, result) => total + count(result), 0);
  const skipped = results.flatMap((result) => result.skipped);
  const silent = skipped.filter(({ reason }) => !reason);
  const excused = skipped.filter(({ reason }) => reason);
  const passed = sum((result) => result.passed);
  const failed = sum((result) => result.failed) + silent.length;

  say();
  for (const { title, file, reason } of excused)
    say(`skipped  ${file}: ${title.replace(/ \(skipped: .*\)$/, '')} (${reason})`);
  for (const { title, file } of silent) say(`failed   ${file}: ${title} (skipped without a reason in its title)`);
  for (const { note } of results) if (note) say(`failed   ${note}`);
  if (process.env.SLUICE_FAILED_CHECKS) say(`failed checks: ${process.env.SLUICE_FAILED_CHECKS}`);
  const total = [`${passed} passed`, `${failed} failed`, ...(excused.length > 0 ? [`${excused.length} skipped`] : [])];
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  say(total.join(', '));
}
