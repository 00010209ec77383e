import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { freePort, startApp, waitFor, type RunningApp } from '@sluice/testing';
import { type Browser } from 'playwright-core';
import { AccessSystem } from './support/access.js';
import { findChromium, startBrowser } from './support/browser.js';

const ARROW = 'application/vnd.apache.arrow.stream';
const declaration = {
  name: 'orders',
  record: { type: 'object', properties: { part: { type: 'string' } } },
  staged: true,
};
const systems: { system: AccessSystem; channels: RunningApp }[] = [];

/** One mode of the whole system, with the demo's channels. */
async function start(mode: 'open' | 'strict'): Promise<AccessSystem> {
  const port = await freePort();
  const system = await AccessSystem.start(mode, { SLUICE_CHANNEL_GATEWAY_URL: `http://127.0.0.1:${port}` });
  const environment = { REDIS_URL: system.redis.url, SLUICE_AUTH_MODE: mode };
  const channels = await startApp('channel-gateway', environment, { port });
  systems.push({ system, channels });
  await waitFor(async () => (await system.fetch('/ui-config')).status === 200, {
    message: 'the channel gateway answers',
  });
  return system;
}

let open: AccessSystem;
let strict: AccessSystem;

beforeAll(async () => {
  [open, strict] = await Promise.all([start('open'), start('strict')]);
});

afterAll(async () => {
  for (const { system, channels } of systems) {
    await channels.kill();
    await system.stop();
  }
});

/** Declares a channel, ticks, stages, and asks for all of it, as one who may. */
async function useChannels(system: AccessSystem, admin: string | undefined, user: string | undefined): Promise<void> {
  const json = async (answer: Promise<Response>): Promise<unknown> => (await answer).json();
  expect((await system.send('POST', '/api/v1/channels', declaration, admin)).status).toBe(201);
  expect(await json(system.send('POST', '/api/v1/send/orders', { part: 'nut' }, user))).toMatchObject([
    { part: 'nut' },
  ]);
  const staged = (await json(system.send('POST', '/api/v1/stage/orders', { part: 'staged' }, user))) as object;
  const [area = ''] = Object.keys(staged);
  expect(await json(system.fetch('/api/v1/stage/orders', { as: user }))).toEqual([area]);
  expect(await json(system.fetch(`/api/v1/stage/orders?id=${area}`, { as: user, method: 'PUT' }))).toEqual(staged);
  expect(await json(system.fetch('/api/v1/stage/orders', { as: user, method: 'PATCH' }))).toEqual(staged);
  expect(await json(system.fetch('/api/v1/last/orders', { as: user }))).toMatchObject([{ part: 'staged' }]);
  const query = { sql: 'SELECT part FROM history.orders ORDER BY part' };
  expect(await json(system.send('POST', '/api/v1/sql', query, user))).toMatchObject({
    rows: [{ part: 'nut' }, { part: 'staged' }],
  });
  const arrow = await system.send('POST', '/api/v1/sql', { ...query, format: 'arrow' }, user);
  expect([arrow.status, arrow.headers.get('content-type')]).toEqual([200, ARROW]);
  expect((await system.fetch('/api/v1/channels/orders', { as: admin, method: 'DELETE' })).status).toBe(204);
}

describe('channels at the front door', () => {
  it('are declared, ticked, staged and asked by SQL, in open mode by everybody', async () => {
    await useChannels(open, undefined, undefined);
  });

  it('in strict mode by those who may', async () => {
    const user = await strict.addUser('ann', ['channel:read=orders', 'channel:write=orders']);
    const reader = await strict.addUser('rob', ['channel:read=example']);
    await useChannels(strict, strict.admin.token, user.token);
    await strict.send('POST', '/api/v1/channels', declaration, strict.admin.token);
    const asked: [string, string, unknown?][] = [
      ['POST', '/api/v1/channels', { ...declaration, name: 'more' }],
      ['DELETE', '/api/v1/channels/orders'],
      ['POST', '/api/v1/send/orders', {}],
      ['POST', '/api/v1/stage/orders', {}],
      ['PUT', '/api/v1/stage/orders'],
      ['GET', '/api/v1/last/orders'],
    ];
    for (const [method, path, body] of asked) {
      expect([path, (await strict.send(method, path, body, reader.token)).status]).toEqual([path, 403]);
      expect([path, (await strict.send(method, path, body)).status]).toEqual([path, 403]);
    }
    const sql = await strict.send('POST', '/api/v1/sql', { sql: 'SELECT * FROM history.orders' }, reader.token);
    expect([sql.status, await sql.text()]).toEqual([400, expect.stringContaining('does not exist')]);
    expect((await strict.send('POST', '/api/v1/sql', { sql: 'SELECT 1' })).status).toBe(403);
  });

  it.each([
    ['/static/favicon.png', 'image/png'],
    ['/img/logo.svg', 'image/svg+xml'],
  ])('have %s for everybody', async (path, type) => {
    for (const system of [open, strict]) {
      const { status, headers } = await system.fetch(path);
      expect([status, headers.get('content-type')]).toEqual([200, type]);
      expect(headers.get('cache-control')).toBe('public, max-age=604800');
      expect((await system.fetch('/static/..%2f..%2fpackage.json')).status).toBe(404);
    }
  });

  it('say in their document which credentials there are', async () => {
    const schemes = async (system: AccessSystem): Promise<unknown> =>
      ((await (await system.fetch('/openapi.json')).json()) as { components: Record<string, unknown> }).components[
        'securitySchemes'
      ];
    expect(await schemes(open)).toBeUndefined();
    expect(await schemes(strict)).toEqual({
      APIKeyQuery: { type: 'apiKey', in: 'query', name: 'token' },
      APIKeyHeader: { type: 'apiKey', in: 'header', name: 'token' },
      APIKeyCookie: { type: 'apiKey', in: 'cookie', name: 'token' },
      HTTPBearer: { type: 'http', scheme: 'bearer' },
    });
  });
});

const chromiumPath = findChromium();

if (chromiumPath === null) {
  test.skip('the pages of the documents in a real browser (skipped: no Chromium on this machine)', () => undefined);
} else {
  describe('the pages of the documents in a real browser', () => {
    let browser: Browser;

    beforeAll(async () => {
      browser = await startBrowser(chromiumPath);
    });

    afterAll(async () => {
      await browser?.close();
    });

    it.each([
      ['open', '/docs', ['/api/v1/last/example', '/api/v1/send/basket/{key}', '/api/v1/stage/example']],
      ['strict', '/docs', ['/api/v1/state/example_with_state_alternative']],
      ['open', '/api-docs', ['/api/v1/last/example', '/api/v1/sql', '/api/v1/channels/{name}', '/v1/streams']],
      ['strict', '/api-docs', ['/api/v1/lookup/id/{id}', '/token']],
    ])('in %s mode %s shows the routes by name, and complains of nothing', async (mode, path, expected) => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('pageerror', ({ message }) => complaints.push(message));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await page.goto((mode === 'open' ? open : strict).url + path);
      const shown = new Set<string>();
      // A long document is drawn as far as it is scrolled to.
      await waitFor(async () => {
        const paths = await page.locator('.opblock-summary-path').allTextContents();
        for (const text of paths) shown.add(text.replaceAll('\u200b', ''));
        await page.mouse.wheel(0, 600);
        return expected.every((one) => shown.has(one));
      });
      expect(complaints).toEqual([]);
      await page.close();
    });
  });
}
