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
});
