import { setTimeout as delay } from 'node:timers/promises';
import { CpuMeter, residentBytes } from './cpu.mjs';
import { payloadOf } from './frames.mjs';
import { MeasurementFailure } from './workers.mjs';

const bearer = { authorization: 'Bearer bench' };
const rate = 500;
const burst = 5;
const smallBytes = 1_000;
const largeBytes = 1_000_000;
const largeEntries = 1_000;
const keptLarge = 100;
const sampleMs = 20;
const withinMs = 60_000;

/**
 * How far a replay is from the spacing it recorded: of every entry, the distance between its time after the first one then and
 * now. Times are those of the log, whole milliseconds. Resolves with `{ p50Ms, p99Ms, count, cpu, others }`.
 */
export async function measureReplay(stage, seconds) {
  const stream = stage.newStream();
  const again = stage.newStream();
  const prefix = 'again-';
  const name = `spacing-${again}`;
  await control(stage, 'PUT', `start?rec_id=${name}&sids=${stream}`);
  for (let sent = 0; sent < rate * seconds; sent += burst) {
    const adds = Array.from({ length: burst }, () =>
      stage.redis.send('XADD', `default:${stream}`, '*', 'd', payloadOf(smallBytes)),
    );
    await Promise.all(adds);
    await delay((burst / rate) * 1000 * (0.5 + Math.random()));
  }
  await control(stage, 'PUT', 'stop');
  const meter = new CpuMeter().start(stage.pids());
  await replay(stage, `rec_id=${name}&sid=${stream}&prefix=${prefix}`);
  const use = meter.stop();
  const [before, after] = await Promise.all([timesOf(stage, stream), timesOf(stage, `${prefix}${stream}`)]);
  await stage.redis.send('UNLINK', `default:${prefix}${stream}`);
  await control(stage, 'DELETE', name);
  if (before.length !== after.length) {
    throw new MeasurementFailure(`${before.length} entries were recorded and ${after.length} replayed`);
  }
  const distances = before.map((time, at) => Math.abs(after[at] - after[0] - (time - before[0])));
  distances.sort((left, right) => left - right);
  const quantile = (share) => distances[Math.floor((distances.length - 1) * share)];
  return { ...use, count: before.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

/**
 * The most memory that a fresh service takes above idle while it records 1 GB and replays it at full speed. Resolves with
 * `{ bytes, count, cpu, others }`.
 */
export async function measureLargeRecording(stage) {
  return await stage.withSpareService(async ({ port, pid }) => {
    const spare = { port: () => port };
    const stream = stage.newStream();
    const name = `large-${stream}`;
    await delay(1_000);
    const idleBytes = residentBytes(pid);
    let peak = idleBytes;
    const timer = setInterval(() => {
      peak = Math.max(peak, residentBytes(pid));
    }, sampleMs);
    const meter = new CpuMeter().start({ service: pid });
    try {
      await control(spare, 'PUT', `start?rec_id=${name}&sids=${stream}`);
      await pushLarge(stage, spare, stream);
      await control(spare, 'PUT', 'stop');
      await replay(spare, `rec_id=${name}&sid=${stream}&prefix=again-&fullspeed=1`);
    } finally {
      clearInterval(timer);
    }
    const info = await control(spare, 'GET', name);
    const recorded = info.streams?.[stream]?.size_mb ?? 0;
    if (recorded < (largeBytes * largeEntries) / 2 ** 20) {
      throw new MeasurementFailure(`of ${largeEntries} MB only ${recorded} MiB were recorded`);
    }
    await stage.redis.send('UNLINK', `default:again-${stream}`);
    await control(spare, 'DELETE', name);
    return { ...meter.stop(), count: largeEntries, bytes: peak - idleBytes };
  });
}

/** Through a service as a client does, one after the other: the recorder keeps up, and the log keeps what it has not read. */
async function pushLarge(stage, spare, stream) {
  const url = `http://127.0.0.1:${spare.port()}/v1/streams/default/${stream}/entries`;
  const body = payloadOf(largeBytes);
  for (let at = 0; at < largeEntries; at += 1) {
    const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
    await answer.arrayBuffer();
    if (!answer.ok) throw new MeasurementFailure(`POST ${url}: ${answer.status}`);
    if (at % keptLarge === 0) await stage.redis.send('XTRIM', `default:${stream}`, 'MAXLEN', keptLarge);
  }
}

async function control(stage, method, path) {
  const url = `http://127.0.0.1:${stage.port()}/ptg/recordings/${path}`;
  const answer = await fetch(url, { method, headers: bearer });
  if (!answer.ok) throw new MeasurementFailure(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}

/** Resolves when the replay has ended by itself. */
async function replay(stage, query) {
  const ended = Promise.withResolvers();
  const timer = setTimeout(() => ended.reject(new MeasurementFailure('the replay did not end')), withinMs);
  const socket = new WebSocket(`ws://127.0.0.1:${stage.port()}/ptg/recordings/replay?${query}&token=bench`);
  socket.addEventListener('close', ({ code, reason }) => {
    if (code === 1000) ended.resolve();
    else ended.reject(new MeasurementFailure(`the replay ended with ${code} ${reason}`));
  });
  await ended.promise.finally(() => clearTimeout(timer));
}

async function timesOf(stage, stream) {
  const entries = await stage.redis.send('XRANGE', `default:${stream}`, '-', '+');
  return entries.map(([id]) => Number(String(id).split('-', 1)[0]));
}
