import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sluice } from '@sluice/sdk/node';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';

const SDK = new URL('../dist/sdk/index.js', import.meta.url).href;
/** Of the file, 3 ms apart, so that there is some of it left for every replica. */
const LINES = 1_200;
const RUNS_HERE = 'the modules run here';

let redis: RedisServer;
let store: RunningApp;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  store = await startApp('stream-store', { REDIS_URL: redis.url });
  folder = mkdtempSync(join(tmpdir(), 'positions-'));
});

afterAll(async () => {
  await store?.kill();
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

/** An application that follows `host:count` and replays a file; what each of them ticks is doubled by another module. */
function applicationFile(): string {
  const lines = Array.from({ length: LINES }, (_, x) => {
    const time = new Date(x * 3).toISOString().slice(0, -1);
    return `{"csp_engine_timestamp":"${time}","replayed":{"x":${x}}}\n`;
  });
  writeFileSync(join(folder, 'lines.jsonl'), lines.join(''));
  const file = join(folder, 'application.mjs');
  writeFileSync(
    file,
    `import { channel, defineApplication, followStream, recordType, replayFile, Type } from ${JSON.stringify(SDK)};
const Count = recordType('Count', { x: Type.Integer() });
const channels = { followed: channel(Count), replayed: channel(Count), doubled: channel(Count) };
const doubler = {
  name: 'Doubler',
  connect: (gateway) => {
    const doubled = gateway.output('doubled');
    gateway.on(['followed'], ({ followed }) => doubled.tick({ x: followed.x * 2 }));
  },
};
const decode = ({ payload }) => ({ x: Number(new TextDecoder().decode(payload)) });
export default defineApplication({
  title: 'Positions',
  channels,
  modules: [
    followStream({ url: ${JSON.stringify(store.url)}, streams: 'host:count', channel: 'followed', decode }),
    replayFile({ file: ${JSON.stringify(join(folder, 'lines.jsonl'))}, selection: ['replayed'], speed: 1 }),
    doubler,
  ],
});
`,
  );
  return file;
}

const counts = (length: number, factor = 1): number[] => Array.from({ length }, (_, x) => x * factor);

describe('replicas that are killed one after the other', () => {
  function start(file: string): Promise<RunningApp> {
    return startApp('channel-gateway', {
      REDIS_URL: redis.url,
      SLUICE_CHANNELS: file,
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'positions',
      SLUICE_LOG_LEVEL: 'info',
    });
  }

  const keyOf = (channel: string): string => `sluice:channels:{positions}:stream:${channel}`;
  const lengthOf = async (channel: string): Promise<number> => Number(await redis.command('XLEN', keyOf(channel)));

  async function ticked(channel: string): Promise<number[]> {
    const entries = await redis.command('XRANGE', keyOf(channel), '-', '+');
    return (entries as [string, string[]][]).map(([, fields]) => {
      return (JSON.parse(fields[1] ?? '') as { x: number }[])[0]?.x ?? -1;
    });
  }

  it('tick each entry of a followed stream and each line of a file once, and what modules make of them', async () => {
    const file = applicationFile();
    const device = new Sluice({ url: store.url });
    const replicas = await Promise.all([1, 2, 3].map(() => start(file)));
    await waitFor(async () => (await lengthOf('replayed')) > 0);
    let pushed = 0;
    let isPushing = true;
    const pushing = (async (): Promise<void> => {
      while (isPushing) {
        await device.push('host:count', String(pushed++));
        await delay(3);
      }
    })();
    while (replicas.length > 1) {
      const before = await lengthOf('followed');
      const at = await waitFor(() => replicas.findIndex(({ output }) => output.includes(RUNS_HERE)) + 1);
      await waitFor(async () => (await lengthOf('followed')) > before + 50, { timeoutMs: 15_000 });
      const [running] = replicas.splice(at - 1, 1);
      expect(await lengthOf('replayed')).toBeLessThan(LINES);
      await running?.kill('SIGKILL');
    }
    isPushing = false;
    await pushing;
    await waitFor(async () => (await lengthOf('followed')) >= pushed, { timeoutMs: 15_000 });
    await waitFor(async () => (await lengthOf('replayed')) >= LINES);
    await replicas[0]?.kill();
    expect(await ticked('followed')).toEqual(counts(pushed));
    expect(await ticked('doubled')).toEqual(counts(pushed, 2));
    expect(await ticked('replayed')).toEqual(counts(LINES));
    device.destroy();
  }, 60_000);
});
