import { basename } from 'node:path';
import { projectFolders } from '../build.mjs';
import { Refusal } from '../setup/progress.mjs';

export const help = `Runs all tests against a Redis of their own.

  npm test [-- options] [jest options]

  --project a,b   only the tests of these projects (folders of libs/ and apps/, or "tools")
  --no-build      do not build first: for tests that start no app
  --help          print this

Everything else goes to jest: npm test -- --project wire -t "push header".
Set SLUICE_NO_EXTRAS=1 to install no system package (Chromium, Python's websockets) for the tests that need one.`;

const toolsProject = 'tools';

/**
 * Reads the command line: `{ projects, tools, jest, build, help }`, where `projects` is null for all, `tools` tells whether the
 * tools' own tests run, and `jest` is what jest gets.
 */
export function readOptions(args) {
  const names = [];
  const jest = [];
  let build = true;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    if (arg === '--help') return { help: true };
    if (arg === '--no-build') build = false;
    else if (arg === '--project') names.push(...(args[(index += 1)] ?? '').split(','));
    else if (arg.startsWith('--project=')) names.push(...arg.slice('--project='.length).split(','));
    else jest.push(arg);
  }
  const known = [...projectFolders().map((path) => basename(path)), toolsProject];
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw new Refusal(`--project ${stranger}: there is no such project; the projects are ${known.join(', ')}`, {
      exitCode: 2,
    });
  }
  const jestNames = names.filter((name) => name !== toolsProject);
  return {
    projects: names.length === 0 ? null : jestNames,
    tools: names.length === 0 ? jest.length === 0 : names.includes(toolsProject),
    jest,
    build,
    help: false,
  };
}
