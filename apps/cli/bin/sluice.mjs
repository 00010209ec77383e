#!/usr/bin/env node
// Runs the built command-line tool under the Node that this checkout pins, whichever Node called it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';

const neededMajor = 24;
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const pinned = fileURLToPath(
  new URL(`../../../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
);

if (!existsSync(main)) {
  fail('sluice is not built yet: run "npm start" (builds and starts everything) or "npm run build" first');
} else if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  await import(pathToFileURL(main).href);
} else if (existsSync(pinned)) {
  runUnder(pinned);
} else {
  fail(
    `sluice needs Node ${neededMajor} or newer, this is ${process.versions.node}: run "npm install" in the checkout`,
  );
}

function runUnder(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends its signals to the child as well; what comes twice, the child takes for once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
