import { CpuMeter } from './cpu.mjs';
import { withWorker } from './workers.mjs';

const checks = 200_000;
const withinMs = 20_000;

/** Microseconds that a service takes to check a token: `{ firstUs, knownUs, cpu, others }`, see `token.worker.mjs`. */
export async function measureTokenCheck(stage, { algorithm }) {
  const job = { redisUrl: `redis://127.0.0.1:${stage.redisPort}`, algorithm, checks };
  return await withWorker({ script: 'token.worker.mjs', name: 'token check', job }, async (worker) => {
    const meter = new CpuMeter().start({ service: worker.pid });
    const result = await worker.run(withinMs);
    return { ...meter.stop(), ...result, count: checks };
  });
}
