import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { lab } from './support/lab.js';
import { Replicas } from './support/replicas.js';
import { StreamClient } from './support/socket.js';

const RUNS_HERE = 'the modules run here';
const streamOf = (channel: string): string => `sluice:channels:{kills}:stream:${channel}`;

let redis: RedisServer;
let system: Replicas;

beforeAll(async () => {
  redis = await startRedis();
  system = await Replicas.start(3, {
    redis,
    application: lab(),
    environment: {
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'kills',
      SLUICE_CHANNEL_GATEWAY_WINDOW_ENTRIES: '1000000',
      SLUICE_LOG_LEVEL: 'info',
    },
  });
});

afterAll(async () => {
  await system?.stop();
  await redis?.stop();
});

interface Ticked {
  readonly entryId: string;
  readonly id: string;
  readonly text: string;
  readonly epoch: string | null;
}

async function ticked(channel: string): Promise<Ticked[]> {
  const entries = (await redis.command('XRANGE', streamOf(channel), '-', '+')) as [string, string[]][];
  return entries.map(([entryId, fields]) => {
    const [record] = JSON.parse(fields[fields.indexOf('d') + 1] ?? '') as { id: string; text: string }[];
    const epoch = fields.includes('e') ? (fields[fields.indexOf('e') + 1] ?? null) : null;
    return { entryId, id: record?.id ?? '', text: record?.text ?? '', epoch };
  });
}

/** Sends records one after the other until it is stopped, each with a text of its own; those that were accepted are noted. */
class Senders {
  readonly accepted: string[] = [];
  private isStopped = false;
  private readonly running: Promise<void>[];
  private count = 0;

  constructor(private readonly url: string) {
    this.running = [this.overHttp(), this.overHttp(), this.overHttp(), this.overSocket(), this.overSocket()];
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.running);
  }

  private async overHttp(): Promise<void> {
    while (!this.isStopped) {
      const text = `http ${(this.count += 1)}`;
      const init = { method: 'POST', body: JSON.stringify({ x: 1, text }) };
      const response = await fetch(`${this.url}/api/v1/send/input`, init).catch(() => null);
      if (response?.status === 200) this.accepted.push(text);
      await response?.arrayBuffer();
      await delay(4);
    }
  }

  private async overSocket(): Promise<void> {
    while (!this.isStopped) {
      const socket = await StreamClient.open(this.url).catch(() => null);
      while (socket?.closedWith === null && !this.isStopped) {
        const text = `socket ${(this.count += 1)}`;
        socket.send({ action: 'send', channel: 'input', data: { x: 1, text }, ack: text });
        await waitFor(() => socket.messages.length > 0 || socket.closedWith !== null, { timeoutMs: 20_000 });
        if (socket.messages.shift()?.ok === true) this.accepted.push(text);
        await delay(4);
      }
      await socket?.close();
    }
  }
}

async function runningOne(among: readonly RunningApp[]): Promise<RunningApp> {
  const starts = (app: RunningApp): number => app.output.split(RUNS_HERE).length - 1;
  return waitFor(() => among.find((app) => starts(app) > 0 && !app.output.includes('run elsewhere now')));
}

describe('three replicas under load', () => {
  it('lose no accepted record when the one that ticks is killed, the next one paused: each is there once, as is what modules made of it', async () => {
    const senders = new Senders(system.front.url);
    const killed = await runningOne(system.replicas);
    await waitFor(() => senders.accepted.length > 200);
    await killed.kill('SIGKILL');
    const left = system.replicas.filter((app) => app !== killed);
    const paused = await runningOne(left);
    const before = senders.accepted.length;
    await waitFor(() => senders.accepted.length > before + 200);
    await paused.kill('SIGSTOP');
    const last = await runningOne(left.filter((app) => app !== paused));
    await paused.kill('SIGCONT');
    await waitFor(() => paused.output.includes('the modules run elsewhere now'));
    await senders.stop();
    const missingOf = (ticks: readonly Ticked[]): string[] => {
      const there = new Set(ticks.map(({ text }) => text));
      return senders.accepted.filter((text) => !there.has(text));
    };
    await waitFor(async () => missingOf(await ticked('doubled')).length === 0);
    const [sent, doubled] = [await ticked('input'), await ticked('doubled')];
    for (const ticks of [sent, doubled]) {
      expect(new Set(ticks.map(({ id }) => id)).size).toBe(ticks.length);
      expect(new Set(ticks.map(({ text }) => text)).size).toBe(ticks.length);
      expect(missingOf(ticks)).toEqual([]);
    }
    expectTakeovers(doubled);
    expect(last.isRunning).toBe(true);
  }, 90_000);
});

/** No entry of an epoch comes behind one of a later epoch, and the next epoch begins in time. */
function expectTakeovers(ticks: readonly Ticked[]): void {
  const epochs = ticks.map(({ epoch }) => Number(epoch));
  expect(epochs).toEqual(epochs.toSorted((one, other) => one - other));
  expect(new Set(epochs).size).toBe(3);
  const msOf = ({ entryId }: Ticked): number => Number(entryId.split('-', 1)[0]);
  const gaps = ticks.slice(1).map((tick, at) => msOf(tick) - msOf(ticks[at] as Ticked));
  // Five seconds, and the time of a loaded machine on top.
  expect(Math.max(...gaps)).toBeLessThan(8_000);
}
