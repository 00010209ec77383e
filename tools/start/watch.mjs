import { readFileSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { build, projectFolders } from '../build.mjs';
import { root } from '../setup/paths.mjs';
import { Refusal, say, style } from '../setup/progress.mjs';

const settleMs = 150;
const unrelated = /(^|\/)(dist|node_modules|test|coverage)(\/|$)|\.spec\.ts$|~$|\.sw.$/;

/**
 * Rebuilds when a source changes, and restarts the running apps that the changed project is part of. A build that fails
 * is shown and leaves everything running as it was.
 */
export function restartOnChange(instance) {
  const changed = new Set();
  let timer;
  let busy = false;

  const round = async () => {
    if (busy || changed.size === 0) return;
    busy = true;
    const projects = [...changed];
    changed.clear();
    const built = await rebuild(instance, projects);
    const more = changed.size > 0;
    // What could not be built is still to be restarted once it can.
    if (!built) for (const project of projects) changed.add(project);
    busy = false;
    if (more) await round();
  };

  for (const folder of ['apps', 'libs']) {
    watch(join(root, folder), { recursive: true }, (_event, path) => {
      if (!path || unrelated.test(path)) return;
      changed.add(`${folder}/${path.split('/')[0]}`);
      clearTimeout(timer);
      timer = setTimeout(() => void round(), settleMs);
    });
  }
  say(style.dim('Watching apps/ and libs/: a change is rebuilt and its apps restarted.'));
}

/** Resolves with false when the build failed. */
async function rebuild(instance, projects) {
  const startedAt = Date.now();
  try {
    await build();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(`${style.red('!')} ${error.message}\n  still running: the build before`);
    return false;
  }
  const names = affectedChildren(instance, projects);
  for (const name of names) await instance.restart(name);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const outcome = names.length > 0 ? `restarted ${names.join(', ')}` : 'nothing that runs is affected';
  say(`${style.green('~')} ${projects.join(', ')} changed: ${outcome} (${seconds} s)`);
  return true;
}

/** The running processes whose app imports one of the projects, directly or not. */
function affectedChildren(instance, projects) {
  const affected = new Set(projects.map((path) => packageName(path)));
  const dependencies = new Map(projectFolders().map((path) => [packageName(path), internalDependencies(path)]));
  let size;
  do {
    size = affected.size;
    for (const [name, uses] of dependencies) if (uses.some((used) => affected.has(used))) affected.add(name);
  } while (affected.size > size);
  const apps = projectFolders().filter((path) => path.startsWith('apps/') && affected.has(packageName(path)));
  const owners = new Set(apps.map((path) => basename(path)));
  return instance.children
    .map(({ name }) => name)
    .filter((name) => owners.has(name.startsWith('demo-') ? 'cli' : name));
}

function packageName(path) {
  return readManifest(path)?.name ?? path;
}

function internalDependencies(path) {
  return Object.keys(readManifest(path)?.dependencies ?? {}).filter((name) => name.startsWith('@sluice/'));
}

function readManifest(path) {
  try {
    return JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
  } catch {
    return null;
  }
}
