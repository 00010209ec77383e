#!/usr/bin/env node
// npm run bench: Sluice beside the limits of this machine, measured in one run. The modules of the bench use dependencies, so
// they are loaded only once the set-up has seen to those.
import { build } from './build.mjs';
import { reportFailure, say } from './setup/progress.mjs';
import { setUp } from './setup.mjs';
import { help, readOptions } from './bench/options.mjs';

// Whoever reads the table may stop reading, as `head` does.
process.stdout.on('error', () => process.exit(1));

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) say(help);
  else await bench(options);
} catch (error) {
  reportFailure(error);
}

async function bench(options) {
  const { redis } = await setUp({ needsRedis: true });
  if (options.build) await build();
  const { runBench } = await import('./bench/run.mjs');
  await runBench(redis, options);
}
