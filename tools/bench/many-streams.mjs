import { setTimeout as delay } from 'node:timers/promises';
import { residentBytes } from './cpu.mjs';
import { payloadOf } from './frames.mjs';
import { measureFlow, pullers, runPace } from './measures.mjs';
import { MeasurementFailure, withWorker } from './workers.mjs';

const activeStreams = 10;
const pacedRate = 5_000;
const payloadBytes = 100;
const fillAtOnce = 500;

const followers = 1_000;
const floodBytes = 20_000;
const floodSeconds = 6;
const sampleMs = 50;
const idleMs = 1_000;

/**
 * CPU seconds per second of service and Redis while one follower follows `followed` streams, ten of which get 5,000 entries a
 * second between them. Resolves with `{ cores, cpu, others }`.
 */
export async function measureFollowed(stage, { followed }, seconds) {
  const names = Array.from({ length: followed }, () => stage.newStream());
  for (let start = 0; start < names.length; start += fillAtOnce) {
    const some = names.slice(start, start + fillAtOnce);
    await Promise.all(
      some.map((name) => stage.redis.send('XADD', `default:${name}`, '*', 'd', payloadOf(payloadBytes))),
    );
  }
  const streams = Object.fromEntries(names.map((name) => [`default:${name}`, '$']));
  const job = {
    kind: 'pace',
    port: stage.port(),
    rate: pacedRate,
    seconds,
    payloadBytes,
    streams: names.slice(0, activeStreams),
    push: { encoding: 'v1', path: '/v1/socket' },
    pull: { encoding: 'v1', path: '/v1/socket', follow: { streams } },
  };
  const sample = await runPace(stage, job);
  return { ...sample, cores: (sample.cpu.service + sample.cpu.redis) / sample.seconds };
}

/**
 * How far the memory of a fresh service rises while 1,000 followers, half of each dialect, do not read and one that does takes
 * a flood of 20 kB entries. Resolves with `{ bytes, idleBytes }`.
 */
export async function measureSlowFollowers(stage) {
  return await stage.withSpareService(async ({ port, pid }) => {
    const stream = stage.newStream();
    const spec = { push: 'plain', pull: 'v1', payloadBytes: floodBytes };
    // The first entries warm up what every service has warm: the figure is about the followers.
    await measureFlow(onSpare(stage, port, pid, stage.newStream()), spec, 1);
    await delay(idleMs);
    const idleBytes = residentBytes(pid);
    const pulls = Array.from({ length: followers }, (_, index) => pullers[index % 2 ? 'v1' : 'dialect'](stream));
    const job = { kind: 'stall', port, pulls, entryBytes: floodBytes };
    return await withWorker({ script: 'load.worker.mjs', name: 'slow followers', job }, async (worker) => {
      let peak = residentBytes(pid);
      const timer = setInterval(() => {
        peak = Math.max(peak, residentBytes(pid));
      }, sampleMs);
      const spare = onSpare(stage, port, pid, stream);
      const flood = await measureFlow(spare, spec, floodSeconds).finally(() => clearInterval(timer));
      const { dropped } = await worker.run(5_000);
      if (dropped > 0) throw new MeasurementFailure(`${dropped} of ${followers} slow followers were dropped`);
      return { ...flood, bytes: peak - idleBytes, idleBytes };
    });
  });
}

/** The stage with another service in front of its Redis, and one given stream. */
function onSpare(stage, port, pid, stream) {
  return {
    port: () => port,
    pids: () => ({ ...stage.pids(), service: pid }),
    newStream: () => stream,
    entriesAdded: (name) => stage.entriesAdded(name),
  };
}
