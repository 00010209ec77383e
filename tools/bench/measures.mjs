import { setTimeout as delay } from 'node:timers/promises';
import { CpuMeter } from './cpu.mjs';
import { MeasurementFailure, withWorker } from './workers.mjs';

const storedWithinMs = 20_000;
const pollMs = 3;
const spareMs = 20_000;
/** What may lie between pusher and slowest puller: enough to keep every part busy, and less than the log keeps. */
const windows = {
  alone: { bytes: 24 * 1024 * 1024, entries: 50_000 },
  shared: { bytes: 2 * 1024 * 1024, entries: 20_000 },
};

const paths = {
  push: (stream, query) => `/data/${stream}/push?${query}`,
  pull: (stream) => `/data/${stream}/pull?last_entry_id=0-0`,
  v1: '/v1/socket',
};

/** How each dialect pushes one stream: the flags are those of `PushMessages`. */
const pushers = {
  plain: (stream, { acks }) => ({ encoding: 'plain', path: paths.push(stream, `header=0${acks ? '&ack=1' : ''}`) }),
  headed: (stream) => ({ encoding: 'headed', path: paths.push(stream, 'header=1') }),
  many: (stream) => ({ encoding: 'many', path: paths.push(stream, 'header=1') }),
  v1: () => ({ encoding: 'v1', path: paths.v1 }),
};

/** How each dialect follows one stream from its start. */
export const pullers = {
  dialect: (stream) => ({ encoding: 'dialect', path: paths.pull(stream) }),
  v1: (stream) => ({ encoding: 'v1', path: paths.v1, follow: { streams: { [`default:${stream}`]: '-' } } }),
};

/**
 * Pushes as fast as it goes for `seconds`. `spec`: `{ push, pull, streams, followers, payloadBytes, entriesPerMessage, inFlight, packed, straight, isStrict }`.
 * Resolves with `{ rate, count, cpu, others }`, where a rate counts entries delivered (or pushed, where nothing is pulled) from the first byte
 * sent until the last has arrived. @throws MeasurementFailure unless every entry was stored once, acknowledged and delivered
 */
export async function measureFlow(stage, spec, seconds) {
  const { push, pull, streams = 1, followers = 1, payloadBytes, entriesPerMessage = 1, inFlight = 0 } = spec;
  const { port, pids, token } = spec.isStrict ? await stage.strict() : { port: stage.port(spec), pids: stage.pids() };
  const names = Array.from({ length: streams }, () => stage.newStream());
  const window = followers > 1 ? windows.shared : windows.alone;
  const job = {
    kind: 'flow',
    port,
    seconds,
    payloadBytes,
    inFlight,
    windowEntries: Math.min(window.entries, Math.floor(window.bytes / payloadBytes)),
    streams: names.map((stream) => ({
      push: {
        ...withToken(pushers[push](stream, { acks: inFlight > 0 }), token),
        stream,
        entriesPerMessage,
        packed: spec.packed,
      },
      pulls: pull ? Array.from({ length: followers }, () => pullers[pull](stream)) : [],
    })),
  };
  return await withWorker({ script: 'load.worker.mjs', name: 'load', job }, async (worker) => {
    const meter = new CpuMeter().start({ ...pids, client: worker.pid });
    const result = await worker.run(seconds * 1000 + spareMs);
    const stored = spec.packed ? result.pushed / entriesPerMessage : result.pushed;
    await untilStored(stage, names, stored);
    const use = meter.stop();
    const isEndToEnd = pull !== undefined || inFlight > 0;
    const count = pull ? result.delivered : result.pushed;
    return { ...use, count, rate: count / (isEndToEnd ? result.seconds : use.seconds) };
  });
}

function withToken(way, token) {
  return token ? { ...way, path: `${way.path}${way.path.includes('?') ? '&' : '?'}token=${token}` } : way;
}

async function untilStored(stage, names, wanted) {
  const deadline = Date.now() + storedWithinMs;
  for (;;) {
    let stored = 0;
    for (const name of names) stored += await stage.entriesAdded(name);
    if (stored === wanted) return;
    if (stored > wanted || Date.now() > deadline) {
      throw new MeasurementFailure(`${wanted} entries were pushed and ${stored} are stored`);
    }
    await delay(pollMs);
  }
}

/** A steady rate, one stream, one follower. Resolves with `{ p50Ms, p99Ms, cpu, others }`. */
export async function measurePace(stage, { push, pull, rate, payloadBytes, straight }, seconds) {
  const stream = stage.newStream();
  const pusher = pushers[push](stream, {});
  const job = { kind: 'pace', port: stage.port({ straight }), rate, seconds, payloadBytes, streams: [stream] };
  return await runPace(stage, { ...job, push: pusher, pull: pullers[pull](stream) });
}

/** Runs a `pace` job and checks that all of it was delivered. */
export async function runPace(stage, job, processes = {}) {
  return await withWorker({ script: 'load.worker.mjs', name: 'load', job }, async (worker) => {
    const meter = new CpuMeter().start({ ...stage.pids(), ...processes, client: worker.pid });
    const result = await worker.run(job.seconds * 1000 + spareMs);
    const use = meter.stop();
    if (result.delivered !== result.pushed) {
      throw new MeasurementFailure(`${result.pushed} entries were pushed and ${result.delivered} delivered`);
    }
    return { ...result, ...use, count: result.delivered };
  });
}
