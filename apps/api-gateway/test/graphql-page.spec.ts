import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { freePort, startApp, waitFor, type RunningApp } from '@sluice/testing';
import { type Browser, type Locator, type Page } from 'playwright-core';
import { AccessSystem } from './support/access.js';
import { findChromium, startBrowser } from './support/browser.js';

interface Example {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const chromiumPath = findChromium();
const EXAMPLES = new URL('../../registry/public/examples.json', import.meta.url);

const NOTHING = async (): Promise<void> => undefined;

async function addEntry({ redis }: AccessSystem): Promise<void> {
  await redis.command('XADD', 'default:glf', '*', 'd', '{"seen":"live"}');
}

/** One mode of the whole system, the registry included. */
async function startWithRegistry(mode: 'open' | 'strict'): Promise<{ system: AccessSystem; registry: RunningApp }> {
  const port = await freePort();
  const system = await AccessSystem.start(mode, { SLUICE_REGISTRY_URL: `http://127.0.0.1:${port}` });
  const registry = await startApp('registry', { REDIS_URL: system.redis.url, SLUICE_AUTH_MODE: mode }, { port });
  return { system, registry };
}

if (chromiumPath === null) {
  test.skip('the GraphQL page in a real browser (skipped: no Chromium on this machine)', () => undefined);
} else {
  describe('the GraphQL page', () => {
    let open: { system: AccessSystem; registry: RunningApp };
    let strict: { system: AccessSystem; registry: RunningApp };
    let browser: Browser;
    let examples: readonly Example[];

    beforeAll(async () => {
      [open, strict] = await Promise.all([startWithRegistry('open'), startWithRegistry('strict')]);
      browser = await startBrowser(chromiumPath);
      examples = JSON.parse(await readFile(EXAMPLES, 'utf8')) as Example[];
    });
    afterAll(async () => {
      await browser?.close();
      for (const { system, registry } of [open, strict]) {
        await registry?.kill();
        await system?.stop();
      }
    });

    /** Opens the page; `complaints` are what it asked of others, and what it or its policy complained of. */
    async function openPage({ url }: AccessSystem): Promise<{ page: Page; complaints: string[] }> {
      const page = await (await browser.newContext({ viewport: { width: 1600, height: 900 } })).newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        // A browser writes of every refusal, also of one that the page waits for.
        if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
      });
      page.on('request', (request) => {
        const asked = new URL(request.url());
        if (!['blob:', 'data:'].includes(asked.protocol) && asked.host !== new URL(url).host)
          complaints.push(asked.href);
      });
      await page.goto(`${url}/graphql`);
      return { page, complaints };
    }

    function tab(page: Page, operation: string): Locator {
      return page.locator('.graphiql-tab-button', { hasText: new RegExp(`^${operation}$`) });
    }

    /** Executes an example until its result holds these texts: while the editors load, a click may go nowhere. */
    async function execute(page: Page, operation: string, texts: string[], meanwhile = NOTHING): Promise<void> {
      await waitFor(
        async () => {
          await tab(page, operation).click();
          const active = page.locator('.graphiql-tab-active .graphiql-tab-button');
          if ((await active.textContent()) !== operation) return false;
          await page.locator('.graphiql-execute-button').click();
          return waitFor(
            async () => {
              await meanwhile();
              const shown = ((await page.locator('.result-window').textContent()) ?? '').replaceAll('\u00a0', ' ');
              return texts.every((text) => shown.includes(text));
            },
            { timeoutMs: 3_000 },
          ).catch(() => false);
        },
        { timeoutMs: 60_000 },
      );
    }

    it('works offline: examples in tabs, a query, a mutation and a subscription, and nothing is asked of others', async () => {
      const { page, complaints } = await openPage(open.system);
      await tab(page, 'GetDevices').waitFor();
      expect(await page.getByRole('tab').count()).toBeGreaterThanOrEqual(examples.length);

      await execute(page, 'ConnectDevice', ['"is_new_device":']);
      await execute(page, 'GetDevices', ['"my-device"', 'lastSeen']);
      await execute(page, 'DataSubscription', ['"seen": "live"'], () => addEntry(open.system));
      expect(page.url()).toBe(`${open.system.url}/graphql`);
      expect(complaints).toEqual([]);
      await page.context().close();
    }, 120_000);

    it('has examples that all run', async () => {
      for (const { query, variables } of examples.filter((example) => !/^subscription/m.test(example.query))) {
        const response = await open.system.send('POST', '/graphql', { query, variables });
        expect(await response.json()).toEqual({ data: expect.any(Object) });
      }
    });

    it('asks in strict mode who somebody is, and the cookie of the log-in serves queries and subscriptions', async () => {
      const { page, complaints } = await openPage(strict.system);
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      await page.getByLabel('Name', { exact: true }).fill(strict.system.admin.name);
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').filter({ hasText: 'Incorrect username or password' }).waitFor();
      await page.getByLabel('Password').fill(strict.system.admin.password);
      await page.getByRole('button', { name: 'Log in' }).click();
      await tab(page, 'GetDevices').waitFor();
      await execute(page, 'GetDevices', ['"connected": [']);
      await execute(page, 'DataSubscription', ['"seen": "live"'], () => addEntry(strict.system));
      expect(await page.evaluate(() => document.cookie)).toBe('');
      expect(complaints).toEqual([]);
      await page.context().close();
    }, 120_000);

    it('takes a token instead, and keeps it nowhere', async () => {
      const { page, complaints } = await openPage(strict.system);
      await page.getByLabel('Token or API key').fill(strict.system.admin.token);
      await page.getByRole('button', { name: 'Log in' }).click();
      await tab(page, 'GetDevices').waitFor();
      await execute(page, 'GetDevices', ['"connected": [']);
      const kept = await page.evaluate(
        () => JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + location.href,
      );
      expect(kept).not.toContain(strict.system.admin.token);
      expect(complaints).toEqual([]);
      await page.context().close();
    }, 120_000);

    it('is for whoever takes HTML; others are answered as GraphQL is', async () => {
      const get = (accept: string, path = '/graphql'): Promise<Response> =>
        open.system.fetch(path, { headers: { accept } });
      for (const accept of ['text/html', '*/*']) {
        const page = await get(accept);
        expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
        expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
        expect(await page.text()).toContain('<title>Sluice GraphQL</title>');
      }
      expect((await get('application/json')).status).toBe(404);
      const answer = await get('text/html', '/graphql?query={__typename}');
      expect(await answer.json()).toEqual({ data: { __typename: 'Query' } });
    });
  });
}
