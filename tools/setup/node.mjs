import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { Refusal } from './progress.mjs';

const needed = [24, 9];
const launcherPollMs = 250;

/** Whether a version string such as `24.21.0` is new enough to run the apps and the tests. */
function isRecentEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

/** The Node that npm installed for this machine, or `null` where none is published for it. */
function pinnedNode() {
  const path = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  return existsSync(path) ? path : null;
}

/**
 * Goes on under the pinned Node: returns when this process already is recent enough; otherwise runs the same script
 * with the same arguments under the pinned one, passes signals on, and ends this process with its exit code.
 */
export async function ensureNode() {
  if (isRecentEnough(process.versions.node)) return;
  const node = pinnedNode();
  if (!node) {
    throw new Refusal(
      `Node ${needed.join('.')} or newer is needed, this is ${process.versions.node}, and no Node is published through npm ` +
        `for ${process.platform}-${process.arch}.\nInstall it (https://nodejs.org, or: brew install node@24) and run the command again.`,
    );
  }
  await runInstead(node);
}

function runInstead(node) {
  // The IPC channel closes when this process dies, whatever the reason, which tells the other one to stop.
  const child = spawn(node, process.argv.slice(1), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  onLauncherDeath(() => child.kill('SIGTERM'));
  return new Promise((_resolve, reject) => {
    child.on('error', (error) => reject(new Refusal(`cannot run ${node}: ${error.message}`, { cause: error })));
    child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
  });
}

/**
 * Calls `stop` once when what started this process has died without passing a signal on: the process that went on under the
 * pinned Node, or npm. Any other parent may go, such as the shell of a background job.
 */
export function onLauncherDeath(stop) {
  if (process.connected) {
    process.once('disconnect', stop);
    process.channel?.unref();
    return;
  }
  if (!process.env.npm_lifecycle_event) return;
  const launcher = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    stop();
  }, launcherPollMs);
  timer.unref();
}
