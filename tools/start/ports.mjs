import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { commandLine } from '../setup/processes.mjs';
import { Refusal } from '../setup/progress.mjs';

/** Why a port cannot be listened on (`EADDRINUSE`, `EACCES` …), or `null` when it can. */
function portTrouble(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** A port of this machine that was free a moment ago. */
export function freePort(host = '127.0.0.1') {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * Throws one `Refusal` that names every port of `wanted` (`{ name, host, port, variable }`) that is taken, by whom, and the
 * setting that moves it.
 */
export async function assertPortsFree(wanted) {
  const complaints = [];
  const seen = new Map();
  for (const { name, host, port, variable } of wanted) {
    if (seen.has(port))
      complaints.push(`port ${port} is asked for by ${seen.get(port)} and by ${name}: change ${variable}`);
    seen.set(port, name);
    const trouble = await portTrouble(host, port);
    if (trouble) complaints.push(await complain({ name, host, port, variable }, trouble));
  }
  if (complaints.length > 0) throw new Refusal([...new Set(complaints)].join('\n'));
}

async function complain({ name, host, port, variable }, trouble) {
  if (trouble === 'EADDRINUSE') {
    const free = await nextFree(host, port);
    const holder = portHolder(port);
    const by = holder ? ` by process ${holder.pid} (${holder.command})` : '';
    return `port ${port} (${name}) is taken${by}: stop that, or move ${name}: ${variable}=${free} npm start`;
  }
  if (trouble === 'EACCES')
    return `port ${port} (${name}) may not be used by this user: set ${variable} to one above 1023`;
  if (trouble === 'EADDRNOTAVAIL' || trouble === 'ENOTFOUND')
    return `SLUICE_HOST=${host} is no address of this machine`;
  return `port ${port} (${name}) on ${host} cannot be used: ${trouble}; ${variable} moves it`;
}

async function nextFree(host, port) {
  for (let candidate = port + 1; candidate < Math.min(port + 100, 65536); candidate += 1) {
    if ((await portTrouble(host, candidate)) === null) return candidate;
  }
  return await freePort(host);
}

/** Who listens on a port: `{ pid, command }`, or `null` where the system does not tell (other systems, other users). */
function portHolder(port) {
  if (process.platform !== 'linux') return null;
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return null;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((candidate) => socketsOf(candidate).some((inode) => inodes.has(inode)));
  return pid ? { pid: Number(pid), command: commandLine(pid).replace(/\s+/g, ' ').slice(0, 100) } : null;
}

function listeningInodes(table, port) {
  try {
    const rows = readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1);
    const wanted = port.toString(16).toUpperCase().padStart(4, '0');
    return rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && local.endsWith(`:${wanted}`))
      .map((fields) => fields[9]);
  } catch {
    return [];
  }
}

function socketsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketInode(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function socketInode(path) {
  try {
    const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(path));
    return match ? [match[1]] : [];
  } catch {
    return [];
  }
}
