import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, findOnPath, run } from '../setup/command.mjs';
import { withLock } from '../setup/lock.mjs';
import { stateDir } from '../setup/paths.mjs';
import { say, withProgress } from '../setup/progress.mjs';

const installTimeoutMs = 300_000;
const retryAfterMs = 3_600_000;

/** What some tests need beyond the dependencies: how to find it, and the Debian packages that hold it. */
const extras = [
  { name: 'Chromium', variable: 'SLUICE_CHROMIUM', find: findChromium, packages: ['chromium'] },
  {
    name: 'Python with websockets and requests',
    variable: 'SLUICE_PYTHON',
    find: findPython,
    packages: ['python3', 'python3-websockets', 'python3-requests'],
  },
];

/**
 * Finds what some tests need, and installs the system's package where this user may. Resolves with variables for the tests:
 * `SLUICE_CHROMIUM` and `SLUICE_PYTHON` hold a path, or `…_MISSING` the reason why such tests are skipped. Never fails.
 */
export async function findExtras() {
  const env = {};
  for (const extra of extras) {
    const path = extra.find() ?? (await install(extra)) ?? null;
    if (path) env[extra.variable] = path;
    else env[`${extra.variable}_MISSING`] = `${extra.name} is not installed (${extra.packages.join(' ')})`;
  }
  return env;
}

function findChromium() {
  const given = process.env.SLUICE_CHROMIUM;
  if (given) return existsSync(given) ? given : null;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return names.map((name) => findOnPath(name)).find(Boolean) ?? null;
}

/** The system's own Python comes first: a version manager's does not see Debian's packages. */
function findPython() {
  const candidates = [process.env.SLUICE_PYTHON, '/usr/bin/python3', findOnPath('python3')].filter(Boolean);
  return candidates.find((python) => ask(python, ['-c', 'import websockets, requests']) !== null) ?? null;
}

async function install({ name, packages, find }) {
  const mayInstall = process.getuid?.() === 0 && findOnPath('apt-get') && !process.env.SLUICE_NO_EXTRAS;
  const failedBefore = join(stateDir, 'run', `no-${packages.at(-1)}`);
  if (!mayInstall || isRecent(failedBefore)) return null;
  return await withLock('package-installation', async () => {
    const found = find();
    if (found) return found;
    const title = `installing the system's ${packages.join(' ')} for the tests (SLUICE_NO_EXTRAS=1 prevents it)`;
    const ok = await withProgress(title, () => aptInstall(packages), { quietMs: 0 });
    if (ok) return find();
    say(`could not install ${name}; the tests that need it are skipped`);
    mkdirSync(join(stateDir, 'run'), { recursive: true });
    writeFileSync(failedBefore, '');
    return null;
  });
}

async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const apt = (...args) =>
    run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=60', ...args], { env, timeoutMs: installTimeoutMs });
  const tryOnce = async () => (await apt('install', '--yes', '--no-install-recommends', ...packages)).code === 0;
  if (await tryOnce()) return true;
  return (await apt('update')).code === 0 && (await tryOnce());
}

function isRecent(path) {
  return existsSync(path) && Date.now() - statSync(path).mtimeMs < retryAfterMs;
}
