import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Of a second: what /proc counts in, on every Linux that Node runs on. */
const tick = 0.01;

/** CPU seconds that a process has used so far, or 0 when it is gone or the system does not tell. */
function processSeconds(pid) {
  const fields = statFields(pid);
  return fields ? (Number(fields[11]) + Number(fields[12])) * tick : 0;
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid) {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/**
 * What ran between `start` and `stop`: `{ seconds, cpu, others }`: CPU seconds of each of `processes` (name → pid), and how many cores
 * went to anything but them, this process and the commands it ran.
 */
export class CpuMeter {
  #processes;
  #startedAt;
  #before;
  #total;
  #own;

  start(processes) {
    this.#processes = processes;
    this.#before = this.#read();
    this.#total = machineSeconds();
    this.#own = ownSeconds();
    this.#startedAt = performance.now();
    return this;
  }

  stop() {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const after = this.#read();
    const cpu = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - this.#before[name]]));
    const ours = Object.values(cpu).reduce((sum, value) => sum + value, 0) + ownSeconds() - this.#own;
    const others = Math.max(0, (machineSeconds() - this.#total - ours) / seconds);
    return { seconds, cpu, others };
  }

  #read() {
    return Object.fromEntries(Object.entries(this.#processes).map(([name, pid]) => [name, processSeconds(pid)]));
  }
}

/** The machine as the report names it. */
export function machine() {
  const model = /^model name\s*:\s*(.+)$/m.exec(readOr('/proc/cpuinfo', ''))?.[1] ?? process.arch;
  return { cores: availableParallelism(), model };
}

/** CPU seconds of everything on this machine; what a host took from it counts as somebody else's. */
function machineSeconds() {
  const first = readOr('/proc/stat', '').split('\n', 1)[0].trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = first;
  return (user + nice + system + steal) * tick;
}

/** This process and the commands whose end it has seen. */
function ownSeconds() {
  const fields = statFields(process.pid);
  if (!fields) return 0;
  return fields.slice(11, 15).reduce((sum, value) => sum + Number(value), 0) * tick;
}

function statFields(pid) {
  const stat = readOr(`/proc/${pid}/stat`, null);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readOr(path, fallback) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}
