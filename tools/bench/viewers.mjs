import { get } from 'node:http';
import sharp from 'sharp';
import { setTimeout as delay } from 'node:timers/promises';
import { CpuMeter } from './cpu.mjs';
import { MeasurementFailure } from './workers.mjs';

const viewers = 100;
const framesPerSecond = 20;
const size = { width: 640, height: 480 };
const settleMs = 500;

/**
 * Browsers that watch one stream of JPEG frames, 20 a second: how many of them one core of service and gateway serves. Resolves with
 * `{ perCore, count, cpu, others }`. @throws MeasurementFailure when a viewer misses more than a tenth of the frames
 */
export async function measureViewers(stage, seconds) {
  const stream = stage.newStream();
  const frame = await picture();
  const open = await Promise.all(Array.from({ length: viewers }, () => watch(stage.port(), stream)));
  await delay(settleMs);
  const meter = new CpuMeter().start(stage.pids());
  const wanted = Math.round(framesPerSecond * seconds);
  const from = open.map(({ seen }) => seen());
  const startedAt = performance.now();
  for (let at = 0; at < wanted; at += 1) {
    await stage.redis.send('XADD', `default:${stream}`, '*', 'd', frame);
    await delay(Math.max(0, startedAt + ((at + 1) * 1000) / framesPerSecond - performance.now()));
  }
  const use = meter.stop();
  await delay(settleMs);
  const least = Math.min(...open.map(({ seen }, at) => seen() - from[at]));
  for (const { close } of open) close();
  if (least < wanted * 0.9) throw new MeasurementFailure(`of ${wanted} frames a viewer saw ${least}`);
  const cores = (use.cpu.service + (use.cpu.gateway ?? 0)) / use.seconds;
  return { ...use, count: viewers * wanted, perCore: viewers / cores };
}

async function picture() {
  const { width, height } = size;
  const noise = Buffer.from(Array.from({ length: width * height * 3 }, (_, at) => ((at % 640) + (at >> 9)) & 0xff));
  return await sharp(noise, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer();
}

/** Opens a moving picture; `seen()` counts the parts that came. */
function watch(port, stream) {
  const path = `/ptg/mjpeg/${stream}?input=jpg`;
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new MeasurementFailure(`${path}: ${response.statusCode}`));
      let parts = 0;
      response.on('data', (chunk) => {
        for (let at = chunk.indexOf('--frame'); at >= 0; at = chunk.indexOf('--frame', at + 1)) parts += 1;
      });
      resolve({ seen: () => parts, close: () => request.destroy() });
    });
    request.on('error', reject);
  });
}
