#!/usr/bin/env node
// npm start: set-up, build, Redis, every app; until Ctrl-C.
import { reportFailure, say } from './setup/progress.mjs';
import { help, readOptions } from './start/options.mjs';
import { startSluice } from './start/run.mjs';

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help)
    say(help('npm start', 'Starts Sluice on this machine: Redis, then every app; Ctrl-C stops everything.'));
  else await startSluice(options);
} catch (error) {
  reportFailure(error);
}
