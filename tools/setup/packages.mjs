import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { findOnPath, run, tail } from './command.mjs';
import { withLock } from './lock.mjs';
import { stateDir, stateFolder } from './paths.mjs';
import { withProgress } from './progress.mjs';

const dpkgStatus = '/var/lib/dpkg/status';
const servers = ['valkey-server', 'redis-server'];
const timeoutMs = 180_000;

/** Packages that are fetched even if this system has them: the server may be installed without being usable here. */
const ownedByRedis = /^(redis|valkey|libjemalloc|liblua5|lua-|liblzf|libhiredis)/;

/** True where Debian's package tools are, whoever we are. */
export function hasPackages() {
  return Boolean(findOnPath('apt-get') && findOnPath('dpkg-deb') && existsSync(dpkgStatus));
}

/**
 * Gets a Redis server from the system's packages without root: apt with a state of its own under `.sluice/apt`, which
 * computes what is missing here, and every package unpacked under `.sluice/redis`. `accepts(bin)` decides whether a server
 * will do. Resolves with `{ bin }`, or `{ reason }`.
 */
export async function unpackRedis(accepts) {
  return await withLock('Redis-set-up', async () => {
    const earlier = locate(accepts);
    if (earlier) return { bin: earlier };
    const apt = makeState();
    const update = await withProgress('reading the system’s package lists', () => aptGet(apt, ['update']), {
      quietMs: 0,
    });
    if (update.code !== 0) return { reason: `apt-get update failed:\n${tail(update.output, 5)}` };
    let reason = 'the system’s packages hold no Redis or Valkey server';
    for (const server of servers) {
      const failure = await fetchAndUnpack(apt, server);
      const found = failure ? null : locate(accepts);
      if (found) return { bin: found };
      reason = failure ?? `the system’s ${server} is too old or does not run here`;
    }
    return { reason };
  });
}

/** An unpacked server that runs here. */
function locate(accepts) {
  const starters = servers.map((server) => join(stateDir, 'redis', server, 'bin', server));
  return starters.find((bin) => existsSync(bin) && accepts(bin)) ?? null;
}

/** Gives every unpacked program a starter in `bin/` that lets it find the libraries which came with it. */
function writeStarters(home) {
  const libraries = libraryFolders(home).map((folder) => `$home/${relative(home, folder)}`);
  mkdirSync(join(home, 'bin'));
  for (const program of readdirSync(join(home, 'usr/bin'))) {
    const lines = [
      '#!/bin/sh',
      'home=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)',
      `export LD_LIBRARY_PATH="${libraries.join(':')}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
      `exec "$home/usr/bin/${program}" "$@"`,
    ];
    writeFileSync(join(home, 'bin', program), `${lines.join('\n')}\n`, { mode: 0o755 });
  }
}

function libraryFolders(home) {
  const folders = new Set();
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (/\.so(\.|$)/.test(entry.name)) folders.add(entry.parentPath ?? entry.path);
  }
  return [...folders];
}

/** apt's own folders, and the system's list of installed packages without those that Redis brings along. */
function makeState() {
  const apt = stateFolder('apt');
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'log']) {
    mkdirSync(join(apt, folder), { recursive: true });
  }
  const installed = readFileSync(dpkgStatus, 'utf8').split('\n\n');
  const kept = installed.filter((stanza) => !ownedByRedis.test(/^Package: (.*)$/m.exec(stanza)?.[1] ?? ''));
  writeFileSync(join(apt, 'status'), kept.join('\n\n'));
  return apt;
}

function aptGet(apt, args, cwd = apt) {
  const settings = {
    'Dir::State': join(apt, 'state'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': join(apt, 'cache'),
    'Dir::Log': join(apt, 'log'),
    'Debug::NoLocking': 'true',
    'APT::Sandbox::User': '',
    'APT::Get::List-Cleanup': 'false',
    'Acquire::Retries': '2',
    'Acquire::Languages': 'none',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return run('apt-get', [...options, ...args], { cwd, timeoutMs, env: { ...process.env, LC_ALL: 'C' } });
}

/** Downloads a server with all that it needs and the system has not, and unpacks it. Returns the reason where it cannot. */
async function fetchAndUnpack(apt, server) {
  const plan = await aptGet(apt, ['install', '--simulate', '--no-install-recommends', '--yes', server]);
  const packages = [...plan.output.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+)/gm)].map(
    ([, name, version]) => `${name}=${version}`,
  );
  if (plan.code !== 0 || packages.length === 0) return `the system’s packages hold no ${server}`;
  const draft = join(stateFolder('redis'), `${server}.${process.pid}`);
  mkdirSync(join(draft, 'packages'), { recursive: true });
  try {
    const title = `getting ${server} from the system’s packages (${packages.length} of them, no root needed)`;
    const failure = await withProgress(title, () => download(apt, packages, draft), { quietMs: 0 });
    if (failure) return failure;
    writeStarters(draft);
    const home = join(dirname(draft), server);
    rmSync(home, { recursive: true, force: true });
    renameSync(draft, home);
    return null;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function download(apt, packages, draft) {
  const folder = join(draft, 'packages');
  const done = await aptGet(apt, ['download', ...packages], folder);
  if (done.code !== 0) return `apt-get download failed:\n${tail(done.output, 5)}`;
  for (const archive of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    const unpacked = await run('dpkg-deb', ['-x', join(folder, archive), draft], { timeoutMs });
    if (unpacked.code !== 0) return `dpkg-deb could not unpack ${archive}:\n${tail(unpacked.output, 5)}`;
  }
  rmSync(folder, { recursive: true });
  return null;
}
