import { CpuMeter } from './cpu.mjs';
import { runPace } from './measures.mjs';
import { MeasurementFailure, withWorker } from './workers.mjs';

const spareMs = 20_000;
const script = 'bare-ws.worker.mjs';
const echoKey = 'bench-echo';

/** Messages a second that a bare `ws` server takes from one client. */
export async function measureBarePush(_stage, { payloadBytes }, seconds) {
  const serverJob = { script, name: 'bare ws', job: { role: 'sink' } };
  return await withWorker(serverJob, async (server) => {
    const push = { encoding: 'plain', path: '/' };
    const job = {
      kind: 'flow',
      port: server.ready.port,
      seconds,
      payloadBytes,
      inFlight: 0,
      streams: [{ push, pulls: [] }],
    };
    return await withWorker({ script: 'load.worker.mjs', name: 'load', job }, async (worker) => {
      const meter = new CpuMeter().start({ server: server.pid, client: worker.pid });
      const { pushed } = await worker.run(seconds * 1000 + spareMs);
      for (let bytes = 0; bytes < pushed * payloadBytes;) ({ bytes } = await server.run(spareMs));
      const use = meter.stop();
      return { ...use, count: pushed, rate: pushed / use.seconds };
    });
  });
}

/** Deliveries a second of a bare `ws` server that sends to `connections` clients, `perWrite` messages a write. */
export async function measureBareFanout(_stage, { payloadBytes, connections, perWrite }, seconds) {
  const serverJob = { script, name: 'bare ws', job: { role: 'fanout', payloadBytes, perWrite, seconds } };
  return await withWorker(serverJob, async (server) => {
    const job = { kind: 'collect', port: server.ready.port, connections, payloadBytes };
    return await withWorker({ script: 'load.worker.mjs', name: 'load', job }, async (worker) => {
      const meter = new CpuMeter().start({ server: server.pid, client: worker.pid });
      const collected = worker.run(seconds * 1000 + spareMs);
      const { sent } = await server.run(seconds * 1000 + spareMs);
      const { delivered, seconds: taken } = await collected;
      if (delivered !== sent) throw new MeasurementFailure(`bare ws sent ${sent} messages, ${delivered} arrived`);
      return { ...meter.stop(), count: delivered, rate: delivered / taken };
    });
  });
}

/** Times of a bare `ws` echo with one XADD and one XREAD before each answer. */
export async function measureBareEcho(stage, { payloadBytes, rate }, seconds) {
  const echoJob = { role: 'echo', redisPort: stage.redisPort, key: echoKey };
  const server = await stage.standing({ script, name: 'bare ws echo', job: echoJob });
  const push = { encoding: 'plain', path: '/' };
  const job = { kind: 'pace', port: server.ready.port, rate, seconds, payloadBytes, streams: [echoKey], push };
  return await runPace(stage, job, { server: server.pid });
}
