import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../setup/command.mjs';
import { root } from '../setup/paths.mjs';

/** Runs the tools' own tests with Node's test runner; the result has the shape of `runJest`'s. */
export async function runNodeTests({ env, folder }) {
  const files = readdirSync(join(root, 'tools'), { recursive: true })
    .filter((path) => path.endsWith('.test.mjs'))
    .map((path) => join('tools', path))
    .sort();
  if (files.length === 0) return { passed: 0, failed: 0, skipped: [] };
  const tap = join(folder, 'tools.tap');
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stderr'],
    ...['--test-reporter=tap', `--test-reporter-destination=${tap}`],
  ];
  const done = await run(process.execPath, ['--test', '--test-concurrency=2', ...reporters, ...files], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2],
  });
  return summarise(readFileSync(tap, 'utf8'), done.code);
}

function summarise(tap, code) {
  const total = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  const skipped = [...tap.matchAll(/^\s*ok \d+ - (.*?) # SKIP ?(.*)$/gm)].map(([, title, reason]) => ({
    title,
    file: 'tools',
    reason: reason || undefined,
  }));
  const failed = total('fail') + total('cancelled');
  return { passed: total('pass'), failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
}
