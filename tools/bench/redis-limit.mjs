import { run } from '../setup/command.mjs';
import { CpuMeter } from './cpu.mjs';
import { payloadOf } from './frames.mjs';
import { MeasurementFailure } from './workers.mjs';

const firstGuess = 20_000;
/** The guess stores no more than this. */
const guessBytes = 100_000_000;
const timeoutMs = 30_000;

/**
 * What redis-benchmark reaches with plain XADDs into one stream (Sluice trims once a turn; trimming with each would be a lower limit): entries a second with so many clients, each with so many commands in flight.
 * The number of requests is chosen so that it takes about `seconds`. Resolves with `{ rate, count, cpu, others }`.
 */
export async function measureRedisLimit(stage, { clients, pipeline, payloadBytes }, seconds) {
  const shot = (requests) => runBenchmark(stage, { clients, pipeline, payloadBytes, requests });
  const guess = await shot(Math.min(firstGuess * Math.min(10, pipeline), Math.ceil(guessBytes / payloadBytes)));
  const requests = Math.max(1000, Math.round(guess * seconds));
  const meter = new CpuMeter().start(stage.pids());
  const rate = await shot(requests);
  return { ...meter.stop(), rate, count: requests };
}

async function runBenchmark(stage, { clients, pipeline, payloadBytes, requests }) {
  const key = `default:${stage.newStream()}`;
  const load = ['-c', clients, '-P', pipeline, '-n', requests, '--csv', '-p', stage.redisPort, '-h', '127.0.0.1'];
  const command = ['XADD', key, '*', 'd', payloadOf(payloadBytes).toString()];
  const done = await run(stage.redisBenchmark(), [...load, ...command].map(String), { timeoutMs });
  const rate = Number(/","(\d+(?:\.\d+)?)"/.exec(done.output)?.[1]);
  if (done.code !== 0 || !(rate > 0)) {
    throw new MeasurementFailure(`redis-benchmark: ${done.output.slice(-300).trim() || `exit code ${done.code}`}`);
  }
  return rate;
}
