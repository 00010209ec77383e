import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startRedis, waitFor, type RedisServer } from '@sluice/testing';
import { TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';

let gateway: TestGateway | null = null;
const servers: RedisServer[] = [];

afterEach(async () => {
  await gateway?.close();
  gateway = null;
  for (const server of servers.splice(0)) await server.stop();
});

describe('when Redis', () => {
  it('is emptied, everything begins anew and goes on', async () => {
    const redis = await startRedis();
    servers.push(redis);
    await redis.command('SET', 'sluice:channels:{default}:epoch', '41');
    gateway = await TestGateway.start({ application: lab(), redis });
    const running = gateway;
    await waitFor(() => running.gateway.runner.isRunning);
    const socket = await running.socket();
    await socket.sync({ action: 'subscribe', channel: 'input', gaps: true });
    await running.post('/send/input', { x: 1 });
    await socket.next('input');
    await running.redis.command('FLUSHALL');
    await running.post('/send/input', { x: 2 });
    await waitFor(async () => (await running.list('/last/input'))[0]?.['x'] === 2);
    await socket.find(({ data }) => data?.[0]?.['x'] === 2);
    await waitFor(async () => {
      await running.post('/send/input', { x: 3 });
      return (await running.list('/last/doubled'))[0]?.['x'] === 6;
    });
    await socket.close();
    await waitFor(async () => (await redis.command('GET', 'sluice:channels:{default}:epoch')) === '1');
    // It stays at that: nobody takes the lease from itself.
    await waitFor(async () => Number(await redis.command('PTTL', 'sluice:channels:{default}:lease')) > 2_500);
    expect(await redis.command('GET', 'sluice:channels:{default}:epoch')).toBe('1');
  });

  it('does not answer, requests are told so, and go through once it does', async () => {
    gateway = await TestGateway.start({ application: lab() });
    const running = gateway;
    await running.post('/send/input', { x: 1 });
    await running.redis.command('CLIENT', 'PAUSE', '2000', 'ALL');
    const late = await running.post('/send/input', { x: 2 });
    expect([200, 503]).toContain(late.status);
    await waitFor(async () => (await running.post('/send/input', { x: 3 })).status === 200);
    expect(await running.list('/last/input')).toMatchObject([{ x: 3 }]);
    await waitFor(async () => (await running.list('/last/doubled'))[0]?.['x'] === 6);
  });

  it.each<[string, (redis: RedisServer) => Promise<void>]>([
    [
      'is killed and started again',
      async (redis) => {
        await redis.kill('SIGKILL');
        await redis.restart();
      },
    ],
    [
      'stands still for longer than the lease lasts',
      async (redis) => {
        await redis.kill('SIGSTOP');
        await delay(6_500);
        await redis.kill('SIGCONT');
      },
    ],
  ])(
    '%s under load, nothing accepted is lost, everything goes on, and refusals say why',
    async (_what, disturb) => {
      const redis = await startRedis({ appendonly: true, appendfsync: 'always' });
      servers.push(redis);
      gateway = await TestGateway.start({ application: lab(), redis });
      const running = gateway;
      const socket = await running.socket();
      await socket.sync({ action: 'subscribe', channel: 'doubled' });
      const accepted: number[] = [];
      const refusals = new Map<number, unknown>();
      let isSending = true;
      const sending = [0, 1, 2].map(async (sender) => {
        for (let x = sender; isSending; x += 3) {
          const { status, body } = await running.post('/send/input', { x });
          if (status === 200) accepted.push(x);
          else refusals.set(status, body);
        }
      });
      await waitFor(() => accepted.length > 50);
      await disturb(redis);
      const before = accepted.length;
      await waitFor(() => accepted.length > before + 50, { timeoutMs: 20_000 });
      isSending = false;
      await Promise.all(sending);
      expect([...refusals.keys()].filter((status) => status !== 503)).toEqual([]);
      for (const body of refusals.values()) expect(body).toMatchObject({ detail: expect.stringMatching(/.{10}/) });
      const doubled = new Set<unknown>();
      await waitFor(() => {
        for (const { data } of socket.messages.splice(0)) doubled.add(data?.[0]?.['x']);
        return accepted.every((x) => doubled.has(x * 2));
      });
      const last = accepted.at(-1);
      expect((await running.list('/last/input')).map(({ x }) => typeof x)).toEqual([typeof last]);
      await socket.close();
    },
    60_000,
  );
});
