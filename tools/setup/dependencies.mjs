import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run, tail } from './command.mjs';
import { withLock } from './lock.mjs';
import { root, stateFolder } from './paths.mjs';
import { Refusal, say, withProgress } from './progress.mjs';

const modules = join(root, 'node_modules');
const stampFile = join(modules, '.sluice-setup');
const lockFile = join(root, 'package-lock.json');
const dependencyFields = ['dependencies', 'devDependencies', 'optionalDependencies'];
const manifestFields = ['name', 'version', 'bin', 'workspaces', 'overrides', 'peerDependencies', ...dependencyFields];

/**
 * Makes `node_modules` what the manifests and the lock file ask for: nothing to do when a stamp says that the last
 * installation was for the same files. Two runs at the same time install once. Throws a `Refusal` with npm's own words.
 */
export async function ensureDependencies() {
  if (isStamped()) return;
  await withLock('set-up', async () => {
    if (isStamped()) return;
    if (!isInstalledAsLocked()) await install();
    writeFileSync(stampFile, fingerprint());
  });
}

function isStamped() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint();
}

/** One hash over everything that decides what gets installed, and for which machine. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of ['package-lock.json', '.npmrc']) {
    const path = join(root, file);
    hash.update(`\n${file}\n`).update(existsSync(path) ? readFileSync(path) : '');
  }
  for (const file of ['package.json', ...workspaceManifests()]) {
    const manifest = readJson(join(root, file)) ?? {};
    hash.update(`\n${file}\n${JSON.stringify(manifestFields.map((field) => manifest[field] ?? null))}`);
  }
  return hash.digest('hex');
}

function workspaceManifests() {
  return ['apps', 'libs'].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder))
          .map((name) => join(folder, name, 'package.json'))
          .filter((path) => existsSync(join(root, path)))
          .sort()
      : [],
  );
}

/** True when somebody already ran npm by hand: what npm noted in node_modules is what the lock file asks for. */
function isInstalledAsLocked() {
  const wanted = readJson(lockFile)?.packages;
  const present = readJson(join(modules, '.package-lock.json'))?.packages;
  if (!wanted || !present) return false;
  if (!manifestsAgree(wanted)) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = present[path];
    if (!found) return Boolean(entry.optional);
    return entry.link ? existsSync(join(root, path)) : found.version === entry.version;
  });
}

/** The lock file repeats each manifest's dependencies; a manifest changed since asks for npm. */
function manifestsAgree(locked) {
  return ['package.json', ...workspaceManifests()].every((file) => {
    const manifest = readJson(join(root, file));
    const noted = locked[file === 'package.json' ? '' : file.slice(0, -'/package.json'.length)];
    return dependencyFields.every((kind) => sorted(manifest?.[kind]) === sorted(noted?.[kind]));
  });
}

function sorted(record = {}) {
  return JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

async function install() {
  const why = existsSync(modules) ? 'dependencies are out of date' : 'dependencies are missing';
  say(`${why}: installing with npm (about a minute the first time)`);
  let failure = '';
  for (const step of installSteps()) {
    const title = `npm ${step.join(' ')}`;
    const done = await withProgress(title, () => npm([...step, '--loglevel=error']), { quietMs: 0 });
    if (done.code === 0) return;
    failure += `${title} ended with code ${done.code}:\n${tail(done.output)}\n`;
  }
  throw new Refusal(
    `the dependencies could not be installed in ${modules}\n${failure}Mend that and run the command again.`,
  );
}

/**
 * `npm ci` for a first installation. It refuses a lock file that lacks packages for other systems, which happens when it
 * was written from a registry that does not carry them; `npm install` takes the locked versions all the same.
 */
function installSteps() {
  const gentle = ['install', '--no-save'];
  return !existsSync(modules) && isComplete(readJson(lockFile)?.packages) ? [['ci'], gentle] : [gentle];
}

function isComplete(locked) {
  if (!locked) return false;
  const names = new Set(Object.keys(locked).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)));
  return Object.values(locked).every((entry) =>
    Object.keys(entry.optionalDependencies ?? {}).every((name) => names.has(name)),
  );
}

function npm(args) {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(modules));
  const env = { ...process.env, PATH: path.join(delimiter) };
  if (!hasHome()) Object.assign(env, { HOME: stateFolder('home'), npm_config_cache: stateFolder('npm-cache') });
  const script = process.env.npm_execpath;
  // A node that is about to be replaced by npm must not run npm, so npm's own is preferred to the one in node_modules.
  return script?.endsWith('npm-cli.js') && !process.execPath.startsWith(modules)
    ? run(process.execPath, [script, ...args], { cwd: root, env })
    : run('npm', args, { cwd: root, env });
}

/** npm keeps its cache and logs at home; without one that can be written (a bare container user) they go to `.sluice/`. */
function hasHome() {
  try {
    accessSync(process.env.HOME || homedir(), constants.W_OK);
    return Boolean(process.env.HOME);
  } catch {
    return false;
  }
}
