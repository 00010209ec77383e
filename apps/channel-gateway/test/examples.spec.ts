import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer } from '@sluice/testing';

const examples = fileURLToPath(new URL('../../../examples/channels', import.meta.url));
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(async () => {
  await redis?.stop();
});

const ask = async (url: string, init?: RequestInit): Promise<unknown> => (await fetch(url, init)).json();

describe('the examples', () => {
  it('orders.ts adds up what is ordered', async () => {
    const app = await startApp('channel-gateway', {
      REDIS_URL: redis.url,
      SLUICE_CHANNELS: `${examples}/orders.ts`,
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'orders',
    });
    const order = (body: object): Promise<unknown> =>
      ask(`${app.url}/api/v1/send/orders`, { method: 'POST', body: JSON.stringify(body) });
    await order([{ part: 'nuts', count: 2 }, { part: 'wings' }, { part: 'nuts', count: 3 }]);
    await waitFor(async () => JSON.stringify(await ask(`${app.url}/api/v1/last/totals/nuts`)).includes('"count":5'));
    expect(await ask(`${app.url}/api/v1/state/orders`)).toMatchObject([{ part: 'nuts', count: 3 }, { part: 'wings' }]);
    expect(await order({ part: 'nuts', count: 0 })).toMatchObject({
      detail: [{ msg: 'Value error, nobody orders less than one' }],
    });
    expect(await ask(`${app.url}/api/v1/next/idle`)).toMatchObject([{ count: expect.any(Number) }]);
    expect(await app.kill()).toBe(0);
  });

  it('vitals.ts makes records of the entries of a stream', async () => {
    const store = await startApp('stream-store', { REDIS_URL: redis.url });
    const app = await startApp('channel-gateway', {
      REDIS_URL: redis.url,
      SLUICE_URL: store.url,
      SLUICE_CHANNELS: `${examples}/vitals.ts`,
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'vitals',
    });
    const push = async (cpuPercent: number): Promise<void> => {
      const form = new FormData();
      form.set('entries', new Blob([JSON.stringify({ host: 'lab', cpuPercent })]), 'vitals');
      await fetch(`${store.url}/data/vitals?device_id=host`, { method: 'POST', body: form });
    };
    await waitFor(async () => {
      await push(5);
      return ((await ask(`${app.url}/api/v1/last/vitals`)) as unknown[]).length === 1;
    });
    await push(95);
    await waitFor(async () => ((await ask(`${app.url}/api/v1/last/busy`)) as unknown[]).length === 1);
    expect(await ask(`${app.url}/api/v1/last/busy`)).toMatchObject([{ host: 'lab', cpuPercent: 95 }]);
    expect(await app.kill()).toBe(0);
    await store.kill();
  });

  it('a file may lie anywhere, and needs no modules', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'channels-'));
    const file = join(folder, 'mine.ts');
    const lines = [
      "import { channel, defineApplication, recordType, Type } from '@sluice/channel-gateway/sdk';",
      "const Note = recordType('Note', { text: Type.String({ default: '' }) });",
      'export default defineApplication({ channels: { notes: channel(Note, { sendable: true }) } });',
    ];
    await writeFile(file, lines.join('\n'));
    const app = await startApp('channel-gateway', {
      REDIS_URL: redis.url,
      SLUICE_CHANNELS: file,
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'notes',
    });
    const sent = await ask(`${app.url}/api/v1/send/notes`, { method: 'POST', body: '{"text":"here"}' });
    expect(sent).toMatchObject([{ text: 'here' }]);
    expect(await app.kill()).toBe(0);
    await rm(folder, { recursive: true });
  });

  it('a channel that becomes a basket ends the start with a clear word', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'channels-'));
    const file = join(folder, 'changing.ts');
    const write = (declaration: string): Promise<void> =>
      writeFile(
        file,
        `import { basket, channel, defineApplication, recordType, Type } from '@sluice/channel-gateway/sdk';
         const Note = recordType('Note', { text: Type.String({ default: '' }) });
         export default defineApplication({ channels: { notes: ${declaration} } });`,
      );
    const environment = {
      REDIS_URL: redis.url,
      SLUICE_CHANNELS: file,
      SLUICE_CHANNEL_GATEWAY_APPLICATION: 'changing',
    };
    await write('channel(Note, { sendable: true })');
    const before = await startApp('channel-gateway', environment);
    await ask(`${before.url}/api/v1/send/notes`, { method: 'POST', body: '{}' });
    await before.kill();
    await write("basket(['a'], Note, { sendable: true })");
    const after = await startApp('channel-gateway', environment, { waitUntilReady: false });
    await waitFor(() => !after.isRunning);
    const words = 'channel "notes" is a basket, and was a channel of single records when it ticked last';
    expect([after.process.exitCode, after.output]).toEqual([78, expect.stringContaining(words)]);
    const named = await startApp('channel-gateway', { ...environment, SLUICE_CHANNEL_GATEWAY_APPLICATION: 'changed' });
    expect(await ask(`${named.url}/api/v1/last/notes`)).toEqual([]);
    await named.kill();
    await rm(folder, { recursive: true });
  });

  it('a file without an application ends the start with a clear word', async () => {
    const environment = { REDIS_URL: redis.url, SLUICE_CHANNELS: `${examples}/nope.ts` };
    const app = await startApp('channel-gateway', environment, { waitUntilReady: false });
    await waitFor(() => !app.isRunning);
    expect([app.process.exitCode, app.output]).toEqual([78, expect.stringContaining('nope.ts cannot be loaded')]);
  });
});
