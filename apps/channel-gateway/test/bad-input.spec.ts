import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { StreamClient } from './support/socket.js';

const SDK = new URL('../dist/sdk/index.js', import.meta.url).href;
const CHANNELS = ['input', 'doubled', 'echo', 'sides'];
const DEAD_LETTERS = 'sluice:channels:{default}:dead-letters';

/** Modules that throw, that never end with what they began, and that tick themselves as fast as they can. */
const APPLICATION = `import { basket, channel, defineApplication, recordType, Type } from '${SDK}';
const Item = recordType('Item', { x: Type.Integer({ default: 0 }), text: Type.String({ default: '' }) });
const channels = {
  input: channel(Item, { sendable: true }),
  doubled: channel(Item),
  echo: channel(Item, { sendable: true }),
  sides: basket(['a', 'b'], Item, { sendable: true }),
};
const doubler = {
  name: 'Doubler',
  connect: (gateway) => {
    const doubled = gateway.output('doubled');
    gateway.on(['input'], ({ input }) => {
      if (input.text === 'throw') throw new Error('asked to throw');
      doubled.tick({ x: input.x * 2 });
    });
  },
};
const hanging = { name: 'Hanging', connect: (gateway) => gateway.on(['input'], () => new Promise(() => undefined)) };
const looping = {
  name: 'Looping',
  connect: (gateway) => {
    const echo = gateway.output('echo');
    gateway.on(['echo'], ({ echo: { x, text } }) => {
      if (x !== 0) echo.tick({ x, text });
    });
  },
};
export default defineApplication({ title: 'Bad', channels, modules: [doubler, hanging, looping] });
`;

let redis: RedisServer;
let app: RunningApp;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bad-input-'));
  writeFileSync(join(folder, 'application.mjs'), APPLICATION);
  redis = await startRedis();
  app = await startApp('channel-gateway', { REDIS_URL: redis.url, SLUICE_CHANNELS: join(folder, 'application.mjs') });
});

afterAll(async () => {
  await app?.kill('SIGKILL');
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

async function post(path: string, body: string | Buffer | ReadableStream): Promise<number> {
  const init = { method: 'POST', body, ...(body instanceof ReadableStream ? { duplex: 'half' } : {}) } as RequestInit;
  const response = await fetch(`${app.url}/api/v1${path}`, init);
  await response.arrayBuffer();
  return response.status;
}

/** A client that is refused while it still sends may find the connection closed before it sees why. */
const refusedOr = (status: Promise<number>): Promise<number> =>
  status.catch((error: unknown) => {
    const { code } = (error as { cause?: { code?: string } }).cause ?? {};
    if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 429;
    throw error;
  });

const times = <T>(count: number, run: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => run(at)));

const megabytes = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${app.process.pid}/status`, 'utf8'))?.[1]) / 1024;

/** The most memory that the process has taken on top while something went on, MiB. */
async function growth(run: () => Promise<void>): Promise<number> {
  const before = megabytes();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, megabytes())), 10);
  try {
    await run();
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

/** Somebody else is served all the same. */
async function expectService(x: number): Promise<void> {
  expect(await post('/send/input', JSON.stringify({ x }))).toBe(200);
  const doubled = async (): Promise<unknown> =>
    ((await (await fetch(`${app.url}/api/v1/last/doubled`)).json()) as { x: number }[])[0]?.x;
  await waitFor(async () => (await doubled()) === x * 2);
}

describe('the process of a gateway', () => {
  it('refuses a million keys and endless lists without reading them', async () => {
    const keys = `{${Array.from({ length: 1_000_000 }, (_, at) => `"k${at}":{}`).join(',')}}`;
    const list = `[${'{},'.repeat(3_000_000)}{}]`;
    const grown = await growth(async () => {
      expect(new Set(await times(5, () => post('/send/sides', keys)))).toEqual(new Set([422]));
      expect(await post('/send/input', keys)).toBe(422);
      expect(await post('/send/input', list)).toBe(422);
      expect(await post('/send/input', '['.repeat(10_000_000))).toBe(422);
    });
    // Five bodies of 14 MB and what holds them.
    expect(grown).toBeLessThan(350);
    await expectService(1);
  });

  it('refuses bodies of 100 MB, also of unknown length, and does not keep them', async () => {
    const bytes = Buffer.alloc(100_000_000, 32);
    const endless = (): ReadableStream =>
      new ReadableStream({ pull: (controller) => controller.enqueue(Buffer.alloc(1_000_000, 32)) });
    const grown = await growth(async () => {
      expect(new Set(await times(3, () => post('/send/input', bytes)))).toEqual(new Set([413]));
      expect(await post('/send/input', endless())).toBe(413);
    });
    expect(grown).toBeLessThan(200);
    await expectService(2);
  });

  it('takes as many large bodies at a time as it has room for; the others are told to come again', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(12_000_000) });
    const grown = await growth(async () => {
      const statuses = await times(25, () => refusedOr(post('/send/sides/a', body)));
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(5);
      expect(statuses.filter((status) => ![200, 429].includes(status))).toEqual([]);
    });
    expect(grown).toBeLessThan(1_500);
    for (let n = 0; n < 3; n++) expect(await post('/send/sides/a', body)).toBe(200);
    await expectService(3);
  });

  it('keeps only positions of sockets that subscribe to everything and read nothing', async () => {
    const sockets = await times(30, () => StreamClient.open(app.url));
    for (const socket of sockets) {
      for (const channel of CHANNELS) await socket.sync({ action: 'subscribe', channel });
      socket.ws.pause();
    }
    const burst = JSON.stringify(Array.from({ length: 100 }, (_, x) => ({ x, text: 'y'.repeat(10_000) })));
    const grown = await growth(async () => {
      for (let n = 0; n < 60; n++) expect(await post('/send/input', burst)).toBe(200);
    });
    // Thirty sockets of 4 MiB, out of 60 MB that were sent.
    expect(grown).toBeLessThan(500);
    await expectService(4);
    for (const socket of sockets) socket.ws.terminate();
  });

  it('goes on with modules that throw on everything, and keeps about a thousand of the failures', async () => {
    const bad = JSON.stringify(Array.from({ length: 5_000 }, () => ({ text: 'throw' })));
    for (let n = 0; n < 4; n++) expect(await post('/send/input', bad)).toBe(200);
    await expectService(5);
    const kept = Number(await redis.command('XLEN', DEAD_LETTERS));
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(1_300);
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toMatch(/module_failures_total\{module="Doubler",service="channel-gateway"\} 20000/);
  });

  it('serves everybody while a module ticks itself without end', async () => {
    const grown = await growth(async () => {
      expect(await post('/send/echo', JSON.stringify({ x: 1, text: 'z'.repeat(5_000) }))).toBe(200);
      for (let x = 10; x < 20; x++) await expectService(x);
    });
    expect(grown).toBeLessThan(700);
  });
});
