import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from '../setup/command.mjs';
import { root } from '../setup/paths.mjs';

const flags = '--experimental-vm-modules --disable-warning=ExperimentalWarning';

/**
 * Runs jest over the projects (null: all) and resolves with `{ passed, failed, skipped }`, `skipped` being a list of
 * `{ title, file, reason }`. A suite that could not run counts as one failure; so does a jest that leaves no result.
 */
export async function runJest({ projects, args, env, folder }) {
  const outputFile = join(folder, 'jest.json');
  const command = [
    ...flags.split(' '),
    join(root, 'node_modules/jest/bin/jest.js'),
    ...(projects ? ['--selectProjects', ...projects] : []),
    // Said here, not in the projects' preset: with several projects jest takes it from the whole run only.
    '--testTimeout=60000',
    // Modules of a finished spec stay in its worker, which then spends its time collecting.
    '--workerIdleMemoryLimit=1GB',
    ...['--json', `--outputFile=${outputFile}`, '--testLocationInResults', '--forceExit', '--passWithNoTests'],
    ...(args.some((arg) => /^(-w|--maxWorkers|-i|--runInBand)\b/.test(arg)) ? [] : ['--maxWorkers=2']),
    ...(process.env.CI ? ['--ci'] : []),
    ...args,
  ];
  const done = await run(process.execPath, command, {
    cwd: root,
    env: { ...process.env, ...env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${flags}`.trim() },
    stdio: ['ignore', 2, 2],
  });
  const report = readReport(outputFile);
  return report
    ? summarise(report, isFiltered(args))
    : { passed: 0, failed: 1, skipped: [], note: `jest ended with code ${done.code}` };
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** With a name filter jest marks all other tests as pending. */
function isFiltered(args) {
  return args.some((arg) => /^(-t|--testNamePattern)/.test(arg));
}

function summarise(report, filtered) {
  const skipped = [];
  for (const suite of report.testResults) {
    for (const { status, fullName } of suite.assertionResults) {
      if (status === 'passed' || status === 'failed') continue;
      const reason = /\(skipped: (.*)\)$/.exec(fullName)?.[1];
      if (reason || !filtered) skipped.push({ title: fullName, file: relative(root, suite.name), reason });
    }
  }
  const unable = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every(({ status }) => status !== 'failed'),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + unable.length, skipped };
}
