#!/usr/bin/env node
// npm run dev: as npm start, and rebuilds and restarts what a change of a source affects.
import { reportFailure, say } from './setup/progress.mjs';
import { help, readOptions } from './start/options.mjs';
import { startSluice } from './start/run.mjs';
import { restartOnChange } from './start/watch.mjs';

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help)
    say(
      help('npm run dev', 'Starts Sluice, and rebuilds and restarts what a change affects; Ctrl-C stops everything.'),
    );
  else restartOnChange(await startSluice(options));
} catch (error) {
  reportFailure(error);
}
