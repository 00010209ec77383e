import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath, run } from '../setup/command.mjs';
import { stateFolder } from '../setup/paths.mjs';
import { CpuMeter } from './cpu.mjs';
import { payloadOf } from './frames.mjs';
import { MeasurementFailure, withWorker } from './workers.mjs';

const connections = 32;
const spareMs = 20_000;
const smallBytes = 100;
const boundary = 'sluice-bench';

/** The requests that are measured; the same go to Sluice and to the bare Nest app. */
const requests = {
  read: (stream) => ({ method: 'GET', path: `/data/${stream}?last_entry_id=0-0`, headers: {}, body: '' }),
  readRaw: (stream) => ({
    method: 'GET',
    path: `/v1/streams/default/${stream}/entries?as=raw&count=1`,
    headers: {},
    body: '',
  }),
  post: (stream, bytes) => ({
    method: 'POST',
    path: `/v1/streams/default/${stream}/entries`,
    headers: { 'content-type': 'application/octet-stream' },
    body: payloadOf(bytes).toString(),
  }),
  postParts: (stream, bytes) => ({
    method: 'POST',
    path: `/data/${stream}`,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: [
      `--${boundary}\r\ncontent-disposition: form-data; name="entries"; filename="entry"\r\n`,
      'content-type: application/octet-stream\r\n\r\n',
      `${payloadOf(bytes).toString()}\r\n--${boundary}--\r\n`,
    ].join(''),
  }),
};

/** Requests a second through the gateway, each storing or reading one entry. */
export async function measureRest(stage, { request, payloadBytes = smallBytes, isStrict = false }, seconds) {
  const stream = stage.newStream();
  const { port, pids, token } = isStrict ? await stage.strict() : { port: stage.port(), pids: stage.pids() };
  const plain = requests[request](stream, payloadBytes);
  if (plain.method === 'GET') await stage.redis.send('XADD', `default:${stream}`, '*', 'd', payloadOf(payloadBytes));
  const headers = token ? { ...plain.headers, authorization: `Bearer ${token}` } : plain.headers;
  const wanted = { ...plain, headers };
  const before = await stage.entriesAdded(stream);
  const sample = await load(port, wanted, { seconds, processes: pids, payloadBytes });
  if (wanted.method === 'GET') return sample;
  const stored = (await stage.entriesAdded(stream)) - before;
  // Those under way when the clock stopped are stored and not counted.
  if (stored < sample.count || stored > sample.count + 2 * connections) {
    throw new MeasurementFailure(`${sample.count} posts were answered and ${stored} entries are stored`);
  }
  return sample;
}

/** The same requests to a Nest app on Fastify behind a hop, which answers as Sluice does and stores nothing. */
export async function measureBareRest(stage, { request, payloadBytes = smallBytes }, seconds) {
  const app = await stage.standing({ script: 'bare-nest.worker.mjs', name: 'bare Nest', job: {} });
  const hop = await stage.standing({ script: 'bare-hop.worker.mjs', name: 'bare hop', job: { port: app.ready.port } });
  const wanted = requests[request](`rest-${payloadBytes}`, payloadBytes);
  const processes = { service: app.pid, gateway: hop.pid };
  return await load(hop.ready.port, wanted, { seconds, processes, payloadBytes });
}

async function load(port, request, { seconds, processes, payloadBytes }) {
  await assertAnswers(port, request, payloadBytes);
  return await loadRequest(port, request, { seconds, processes });
}

/** Loads with `wrk` where it is installed, else with a loop of our own. Resolves with `{ count, rate, cpu, … }`. */
export async function loadRequest(port, request, { seconds, processes }) {
  const wrk = findOnPath('wrk');
  return wrk
    ? await loadWithWrk(wrk, port, request, seconds, processes)
    : await loadOurselves(port, request, seconds, processes);
}

async function assertAnswers(port, { method, path, headers, body }, payloadBytes) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body ? { body } : {}) });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok)
    throw new MeasurementFailure(`${method} ${path} answers ${answer.status}: ${bytes.toString().slice(0, 200)}`);
  if (method === 'GET' && !bytes.equals(payloadOf(payloadBytes))) {
    throw new MeasurementFailure(`${method} ${path} answers ${bytes.length} bytes, which are not the entry`);
  }
}

async function loadWithWrk(wrk, port, { method, path, headers, body }, seconds, processes) {
  const script = join(stateFolder('bench'), `${randomUUID()}.lua`);
  const lines = [`wrk.method = ${luaString(method)}`, `wrk.body = ${body ? luaString(body) : 'nil'}`];
  lines.push(
    ...Object.entries(headers).map(([name, value]) => `wrk.headers[${luaString(name)}] = ${luaString(value)}`),
  );
  writeFileSync(script, lines.join('\n'));
  const whole = Math.max(1, Math.round(seconds));
  const args = [
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    `${whole}s`,
    '-s',
    script,
    `http://127.0.0.1:${port}${path}`,
  ];
  const meter = new CpuMeter().start(processes);
  const done = await run(wrk, args, { timeoutMs: whole * 1000 + spareMs }).finally(() => rmSync(script));
  const use = meter.stop();
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(done.output)?.[1]);
  const count = Number(/(\d+) requests in/.exec(done.output)?.[1]);
  const trouble = /Non-2xx.*|Socket errors.*/.exec(done.output)?.[0];
  if (done.code !== 0 || !(rate > 0) || trouble)
    throw new MeasurementFailure(`wrk: ${trouble ?? done.output.slice(-300)}`);
  return { ...use, rate, count };
}

function luaString(text) {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n')}"`;
}

async function loadOurselves(port, request, seconds, processes) {
  const job = { port, request, seconds, connections };
  return await withWorker({ script: 'http.worker.mjs', name: 'load', job }, async (worker) => {
    const meter = new CpuMeter().start({ ...processes, client: worker.pid });
    const { count, seconds: taken } = await worker.run(seconds * 1000 + spareMs);
    return { ...meter.stop(), count, rate: count / taken };
  });
}
