import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';

/** A module that leaves failures behind which nobody catches. */
const APPLICATION = `
import { channel, defineApplication, recordType, Type } from '@sluice/channel-gateway/sdk';
const Step = recordType('Step', { how: Type.String({ default: '' }), notes: Type.Array(Type.Any(), { default: [] }) });
const careless = {
  name: 'Careless',
  connect: (gateway) => {
    const done = gateway.output('done');
    setTimeout(() => { throw new Error('on a timer of connect'); }, 1);
    void Promise.resolve().then(() => { throw new Error('a promise of connect'); });
    gateway.on(['steps'], ({ steps }) => {
      if (steps.how === 'promise') void Promise.resolve().then(() => { throw new Error('nobody awaited it'); });
      if (steps.how === 'timer') setTimeout(() => { throw new Error('on a timer of its own'); }, 1);
      if (steps.how === 'late') void (async () => { await null; done.tick({ how: 'ticked' }); await null; throw new Error('late'); })();
      const step = gateway.make(Step, { how: steps.how });
      if (steps.how === 'spoilt') step.notes.push(1n);
      done.tick(step);
    });
  },
};
export default defineApplication({
  channels: { steps: channel(Step, { sendable: true }), done: channel(Step) },
  modules: [careless],
});
`;

let redis: RedisServer;
let app: RunningApp;
let folder: string;

beforeAll(async () => {
  redis = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'channels-'));
  const file = join(folder, 'careless.js');
  await writeFile(file, APPLICATION);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  app = await startApp('channel-gateway', { REDIS_URL: redis.url, SLUICE_CHANNELS: file });
});
afterAll(async () => {
  await app?.kill();
  await redis?.stop();
  await rm(folder, { recursive: true });
});

interface Letter {
  readonly module: string;
  readonly error: string;
  readonly ticks: { readonly steps: { readonly how: string } } | null;
}

async function letters(): Promise<Letter[]> {
  const entries = (await redis.command('XRANGE', 'sluice:channels:{default}:dead-letters', '-', '+')) as [
    string,
    string[],
  ][];
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? '') as Letter);
}

const send = (how: string): Promise<Response> =>
  fetch(`${app.url}/api/v1/send/steps`, { method: 'POST', body: JSON.stringify({ how }) });

it('what a module leaves uncaught is its failure, with what it was given, and the gateway goes on', async () => {
  for (const how of ['promise', 'timer', 'late']) await send(how);
  await waitFor(async () => (await letters()).filter(({ ticks }) => ticks !== null).length === 3);
  const told = (await letters()).map(({ module, error, ticks }) => [module, error, ticks?.steps.how]);
  expect(told).toEqual(
    expect.arrayContaining([
      ['Careless', 'nobody awaited it', 'promise'],
      ['Careless', 'on a timer of its own', 'timer'],
      ['Careless', 'late', 'late'],
      ['Careless', 'on a timer of connect', undefined],
      ['Careless', 'a promise of connect', undefined],
    ]),
  );
  await send('fine');
  await waitFor(async () => (await (await fetch(`${app.url}/api/v1/last/done`)).text()).includes('"how":"fine"'));
  expect(app.isRunning).toBe(true);
});

it('a tick that its module has made unwritable is left out and told, and the gateway goes on', async () => {
  await send('spoilt');
  await send('unspoilt');
  await waitFor(async () => (await (await fetch(`${app.url}/api/v1/last/done`)).text()).includes('"how":"unspoilt"'));
  await waitFor(async () =>
    (await letters()).some(({ module, error }) => module === 'Careless' && /BigInt/.test(error)),
  );
  expect(app.isRunning).toBe(true);
});
