#!/usr/bin/env node
// npm run check: everything but the tests. All checks run, whatever fails; the summary names those that did.
import { join } from 'node:path';
import { checkSources } from './check/sources.mjs';
import { checkNotices } from './notices.mjs';
import { run } from './setup/command.mjs';
import { root } from './setup/paths.mjs';
import { reportFailure, say, style } from './setup/progress.mjs';
import { setUp } from './setup.mjs';

const script =
  (path, ...args) =>
  () =>
    runProgram(process.execPath, [join(root, path), ...args]);
const program = (path, ...args) => script(`node_modules/${path}`, ...args);
const own = (find) => () => {
  const complaints = find();
  return { ok: complaints.length === 0, output: complaints.join('\n') };
};

const checks = [
  {
    name: 'format',
    does: 'prettier',
    mend: 'npm run format',
    check: program('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
  },
  { name: 'lint', does: 'oxlint', check: program('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  { name: 'types', does: 'tsc', check: program('@typescript/native/bin/tsc', '-b', '--pretty', 'false') },
  {
    name: 'boundaries',
    does: 'who imports whom',
    check: program(
      'dependency-cruiser/bin/dependency-cruiser.mjs',
      'apps',
      'libs',
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err-long',
    ),
  },
  {
    name: 'unused',
    does: 'knip: files, exports, dependencies',
    check: program('knip/bin/knip.js', '--no-progress', '--no-config-hints'),
  },
  { name: 'sources', does: 'length and names of files', check: own(checkSources) },
  // After the types, whose check has built what the tables are made from.
  {
    name: 'docs',
    does: 'tables made from code',
    mend: 'npx node tools/docs.mjs',
    check: script('tools/docs.mjs', '--check'),
  },
  { name: 'notices', does: 'third-party notices', mend: 'npm run notices', check: own(checkNotices) },
];

try {
  await setUp({ needsRedis: false });
  await checkAll();
} catch (error) {
  reportFailure(error);
}

async function checkAll() {
  const failed = [];
  for (const { name, does, mend, check } of checks) {
    const startedAt = Date.now();
    const { ok, output } = await check();
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    say(`${ok ? style.green('ok    ') : style.red('failed')} ${name.padEnd(11)} ${style.dim(`${does}, ${seconds} s`)}`);
    if (ok) continue;
    failed.push(name);
    say(output.trimEnd().replace(/^/gm, '       '));
    if (mend) say(`       mend it with: ${mend}`);
  }
  if (failed.length > 0) {
    say(`\nfailed checks: ${failed.join(', ')}`);
    process.exitCode = 1;
  } else say('\nall checks passed');
}

async function runProgram(command, args) {
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
  const { code, output } = await run(command, args, {
    cwd: root,
    env: { ...process.env, PATH: path, NO_COLOR: '1' },
  });
  return { ok: code === 0, output };
}
