import { readFileSync } from 'node:fs';
import { cpus, freemem, hostname, loadavg, totalmem, uptime, type CpuInfo } from 'node:os';

/** What a machine says of itself once a second. */
export interface Vitals {
  readonly time: string;
  readonly host: string;
  readonly uptimeSeconds: number;
  /** Busy part of all cores since the last time, from 0 to 100. */
  readonly cpuPercent: number;
  readonly cores: number;
  /** Load averages over 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  readonly memory: { readonly totalBytes: number; readonly usedBytes: number; readonly usedPercent: number };
  /** Over all interfaces but loopback; null where the system does not tell. */
  readonly network: { readonly receivedBytesPerSecond: number; readonly sentBytesPerSecond: number } | null;
}

interface Counters {
  readonly atMs: number;
  readonly busy: number;
  readonly total: number;
  readonly received: number;
  readonly sent: number;
  readonly hasNetwork: boolean;
}

/** Counts of received and sent bytes in the text of /proc/net/dev. */
export function parseNetDev(text: string): { received: number; sent: number } {
  let received = 0;
  let sent = 0;
  for (const line of text.split('\n')) {
    const [name, counts] = line.split(':');
    if (name === undefined || counts === undefined || name.trim() === 'lo') continue;
    const numbers = counts.trim().split(/\s+/).map(Number);
    received += numbers[0] ?? 0;
    sent += numbers[8] ?? 0;
  }
  return { received, sent };
}

/** Bytes that programs could have, in the text of /proc/meminfo. */
export function parseAvailableBytes(text: string): number | null {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(text);
  return match === null ? null : Number(match[1]) * 1024;
}

function readSystemFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function readCounters(cores: readonly CpuInfo[]): Counters {
  let busy = 0;
  let total = 0;
  for (const { times } of cores) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle;
    busy += all - times.idle;
    total += all;
  }
  const net = readSystemFile('/proc/net/dev');
  const { received, sent } = net === null ? { received: 0, sent: 0 } : parseNetDev(net);
  return { atMs: performance.now(), busy, total, received, sent, hasNetwork: net !== null };
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Watches this machine; each reading covers the time since the last. */
export class VitalsReader {
  private last = readCounters(cpus());

  read(): Vitals {
    const cores = cpus();
    const now = readCounters(cores);
    const { last } = this;
    this.last = now;
    const seconds = Math.max(now.atMs - last.atMs, 1) / 1000;
    const totalBytes = totalmem();
    const usedBytes = totalBytes - (parseAvailableBytes(readSystemFile('/proc/meminfo') ?? '') ?? freemem());
    return {
      time: new Date().toISOString(),
      host: hostname(),
      uptimeSeconds: Math.round(uptime()),
      cpuPercent: round((100 * (now.busy - last.busy)) / Math.max(now.total - last.total, 1)),
      cores: cores.length,
      load: loadavg().map((load) => Math.round(load * 100) / 100),
      memory: { totalBytes, usedBytes, usedPercent: round((100 * usedBytes) / totalBytes) },
      network: !now.hasNetwork
        ? null
        : {
            receivedBytesPerSecond: Math.round((now.received - last.received) / seconds),
            sentBytesPerSecond: Math.round((now.sent - last.sent) / seconds),
          },
    };
  }
}
