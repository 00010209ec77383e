import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { signalGroup } from './processes.mjs';

const keptCharacters = 1_000_000;

const running = new Set();
const endings = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Runs a command to its end without a shell. Resolves with `{ code, signal, output }` (the last million characters of
 * stdout and stderr together), also when it fails; a command that cannot be started has `code` -1 and its reason as output.
 * `timeoutMs` ends it by SIGKILL; so does the end of this process, with all that the command has started.
 */
export function run(
  command,
  args,
  { cwd, env = process.env, timeoutMs, onLine, stdio = ['ignore', 'pipe', 'pipe'] } = {},
) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio, detached: true });
    const timer = timeoutMs ? setTimeout(() => signalGroup(child.pid, 'SIGKILL'), timeoutMs) : undefined;
    const settle = (result) => {
      clearTimeout(timer);
      forget(child);
      resolve(result);
    };
    let output = '';
    const take = (chunk) => {
      output = (output + chunk).slice(-keptCharacters);
      if (onLine) for (const line of String(chunk).split('\n')) if (line.trim()) onLine(line.trim());
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.on('error', (error) => settle({ code: -1, signal: null, output: error.message }));
    child.on('close', (code, signal) => settle({ code: code ?? -1, signal, output }));
    if (child.pid !== undefined) remember(child);
  });
}

function remember(child) {
  if (running.size === 0) {
    process.on('exit', endRunning);
    for (const signal of Object.keys(endings)) {
      // Somebody who handles the signal already also ends what runs, by leaving.
      if (process.listenerCount(signal) === 0) process.on(signal, leave);
    }
  }
  running.add(child);
}

function forget(child) {
  running.delete(child);
  if (running.size > 0) return;
  process.off('exit', endRunning);
  for (const signal of Object.keys(endings)) process.off(signal, leave);
}

function endRunning() {
  for (const { pid } of running) signalGroup(pid, 'SIGKILL');
}

function leave(signal) {
  process.exit(endings[signal]);
}

/** What a short command prints, or `null` when it fails, is missing or takes more than five seconds. */
export function ask(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: 5000, stdio: ['ignore', 'pipe', 'pipe'] });
  return done.status === 0 ? `${done.stdout}${done.stderr}` : null;
}

/** The full path of an executable on PATH, or `null`. */
export function findOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder || '.', name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** The last lines of a command's output, indented, for an error message. */
export function tail(output, lines = 20) {
  return output
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `  ${line}`)
    .join('\n');
}
