import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ask, findOnPath } from './command.mjs';
import { hasPackages, unpackRedis } from './packages.mjs';
import { Refusal } from './progress.mjs';

const neededMajor = 7;

/**
 * A Redis or Valkey server that can be started here: `{ bin, name, version, source }`. Looked for in `SLUICE_REDIS_BIN`, on PATH, and at last in the system's packages, which are
 * unpacked under `.sluice/` without root. `SLUICE_REDIS_BIN=packages` goes straight to the packages.
 * Throws a `Refusal` that says what to install.
 */
export async function findRedis() {
  const asked = process.env.SLUICE_REDIS_BIN;
  if (asked && asked !== 'packages') return probeAsked(asked);
  const tooOld = [];
  for (const name of asked ? [] : ['valkey-server', 'redis-server']) {
    const bin = findOnPath(name);
    const found = bin && probe(bin);
    if (found?.recent) return { ...found, source: 'PATH' };
    if (found) tooOld.push(`${bin} is version ${found.version}`);
  }
  const reasons = [...tooOld];
  if (hasPackages()) {
    const unpacked = await unpackRedis((bin) => probe(bin)?.recent === true);
    if (unpacked.bin) return { ...probe(unpacked.bin), source: 'packages' };
    reasons.push(unpacked.reason);
  }
  throw new Refusal(whatToInstall(reasons));
}

/** Another program of the same installation, such as `redis-cli` or `redis-benchmark`; `null` where it is not installed. */
export function findRedisTool(redis, tool) {
  const beside = ['valkey', 'redis'].map((family) => join(dirname(redis.bin), tool.replace(/^redis/, family)));
  return beside.find((path) => existsSync(path)) ?? findOnPath(tool);
}

function probeAsked(bin) {
  const found = probe(bin);
  if (!found)
    throw new Refusal(`SLUICE_REDIS_BIN=${bin} is not a Redis or Valkey server: it does not answer --version as one`);
  if (!found.recent) {
    throw new Refusal(`SLUICE_REDIS_BIN=${bin} is version ${found.version}; Redis ${neededMajor}.0 or newer is needed`);
  }
  return { ...found, source: 'SLUICE_REDIS_BIN' };
}

function probe(bin) {
  const answer = ask(bin, ['--version']);
  const match = answer?.match(/^(Redis|Valkey) server v=(\d+)\.(\d+)\.(\d+)/m);
  if (!match) return null;
  return {
    bin,
    name: match[1],
    version: match.slice(2).join('.'),
    recent: Number(match[2]) >= neededMajor,
  };
}

function whatToInstall(reasons) {
  return [
    `Sluice needs a Redis ${neededMajor}.0 (or any Valkey) server and found none.`,
    ...reasons.map((reason) => `  ${reason}`),
    'Install one of these and run the command again:',
    '  Debian, Ubuntu    sudo apt-get install valkey-server   (or redis-server, where that is 7.0 or newer)',
    '  Fedora, RHEL      sudo dnf install valkey',
    '  macOS             brew install valkey',
    '  anything else     set SLUICE_REDIS_BIN to the server’s path, or REDIS_URL to a server that already runs',
  ].join('\n');
}
