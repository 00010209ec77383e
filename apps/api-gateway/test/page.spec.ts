import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from '@jest/globals';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { type Browser, type Page } from 'playwright-core';
import { findChromium, startBrowser } from './support/browser.js';
import { startGateway, type TestGateway } from './support/gateway.js';

const chromiumPath = findChromium();

/** A picture of one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const NASTY_NAME = '<img src=x onerror="document.title=`owned`"> & "quotes"';

let redis: RedisServer;
let store: RunningApp;
let registry: RunningApp;
let channels: RunningApp;
let gateway: TestGateway;
let browser: Browser;
let page: Page;
/** What the page asked of others, and what it complained of. */
let complaints: string[];

async function push(name: string, payload: Buffer | string, device = 'default'): Promise<void> {
  const form = new FormData();
  form.append('entries', new Blob([new Uint8Array(Buffer.from(payload))]), 'entry');
  const url = `${gateway.url}/data/${encodeURIComponent(name)}?device_id=${device}`;
  const response = await fetch(url, { method: 'POST', body: form });
  expect(response.status).toBe(200);
}

async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  page = await context.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'blob:' && url.host !== new URL(gateway.url).host) complaints.push(`asked ${request.url()}`);
  });
  // Counts what must not pile up.
  await page.addInitScript(() => {
    const counts = { made: 0, alive: 0 };
    Object.assign(window, { blobCounts: counts });
    const make = URL.createObjectURL.bind(URL);
    const revoke = URL.revokeObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      counts.made += 1;
      counts.alive += 1;
      return make(blob);
    };
    URL.revokeObjectURL = (url) => {
      counts.alive -= 1;
      revoke(url);
    };
  });
  await page.goto(gateway.url);
}

async function rowTexts(): Promise<string[]> {
  return page.locator('#rows a').allTextContents();
}

if (chromiumPath === null) {
  test.skip('the page in a real browser (skipped: no Chromium on this machine)', () => undefined);
} else {
  describe('the page at /', () => {
    beforeAll(async () => {
      redis = await startRedis();
      store = await startApp('stream-store', { REDIS_URL: redis.url });
      registry = await startApp('registry', { REDIS_URL: redis.url });
      channels = await startApp('channel-gateway', { REDIS_URL: redis.url });
      gateway = await startGateway(store.url, {
        SLUICE_REGISTRY_URL: registry.url,
        SLUICE_CHANNEL_GATEWAY_URL: channels.url,
      });
      browser = await startBrowser(chromiumPath);
    });

    beforeEach(async () => {
      await redis.command('FLUSHALL');
    });

    afterAll(async () => {
      await browser?.close();
      await gateway?.close();
      await store?.kill();
      await registry?.kill();
      await channels?.kill();
      await redis?.stop();
    });

    it('shows what runs and how to begin when there is no stream yet, and the first stream when it comes', async () => {
      await openPage();
      await page.locator('#health[data-state=ready]').waitFor();
      expect(await page.locator('#services li').allTextContents()).toEqual([
        expect.stringContaining('api-gateway'),
        expect.stringContaining('stream-store'),
        expect.stringContaining('registry'),
        expect.stringContaining('channel-gateway'),
        expect.stringContaining('Redis'),
        expect.stringContaining('Search'),
      ]);
      await page.locator('#empty:visible').waitFor();
      expect(await page.locator('#commands code').first().textContent()).toContain('sluice');
      await push('hello', '{"a":1}');
      await page.locator('#preview pre').waitFor();
      expect(await rowTexts()).toEqual(['default:hello']);
      expect(await page.locator('#preview pre').textContent()).toBe('{\n  "a": 1\n}');
      expect(await page.locator('#empty').isVisible()).toBe(false);
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('shows the last picture of a stream of pictures first, renews it, and lets go of the old ones', async () => {
      await push('a-text', 'x');
      await push('video', PNG, 'cam');
      await openPage();
      await page.locator('#preview img').waitFor();
      expect(await page.locator('#chosen-title').textContent()).toBe('cam:video');
      expect(await page.locator('#preview-facts').textContent()).toContain('image/png, 1 × 1');
      const blobs = (): Promise<{ made: number; alive: number }> =>
        page.evaluate(() => (window as unknown as { blobCounts: { made: number; alive: number } }).blobCounts);
      await waitFor(async () => {
        await push('video', PNG, 'cam');
        return (await blobs()).made >= 20;
      });
      expect((await blobs()).alive).toBeLessThanOrEqual(2);
      expect(await page.locator('#preview img').count()).toBe(1);
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('shows rates that move', async () => {
      await push('busy', 'x');
      await openPage();
      const rate = page.locator('#rows tr .number').first();
      await rate.waitFor();
      const seen = new Set<string>();
      await waitFor(async () => {
        await push('busy', 'x');
        const text = (await rate.textContent()) ?? '';
        if (text !== '0' && text !== '') seen.add(text);
        return seen.size >= 3;
      });
      expect(await page.locator('#rows polyline').first().getAttribute('points')).toMatch(/\d+,\d+.* \d+,\d+/);
      await page.context().close();
    });

    it('takes names and payloads for text, never for markup', async () => {
      await push(NASTY_NAME, '<script>document.title = "owned"</script>');
      await openPage();
      await page.locator('#preview pre').waitFor();
      expect(await rowTexts()).toEqual([`default:${NASTY_NAME}`]);
      expect(await page.locator('#chosen-title').textContent()).toBe(`default:${NASTY_NAME}`);
      expect(await page.locator('#preview pre').textContent()).toContain('<script>');
      expect(await page.title()).toBe('Sluice');
      expect(await page.locator('main img').count()).toBe(0);
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('serves a thousand streams page by page and by filter, with a bounded number of rows', async () => {
      const names = Array.from({ length: 1000 }, (_, n) => `s${String(n).padStart(4, '0')}`);
      await Promise.all(names.map((name) => redis.command('XADD', `default:${name}`, '*', 'd', 'x')));
      await openPage();
      await waitFor(async () => (await page.locator('#rows tr').count()) === 50);
      await page.locator('#next').click();
      await waitFor(async () => (await rowTexts())[0] === 'default:s0050');
      expect(await page.locator('#rows tr').count()).toBe(50);
      await page.keyboard.press('/');
      await page.keyboard.type('s042');
      await waitFor(async () => (await page.locator('#rows tr').count()) === 10);
      expect((await rowTexts()).at(-1)).toBe('default:s0429');
      await page.locator('#filter').fill('*');
      await page.locator('#empty:visible').waitFor();
      await page.context().close();
    });

    it('can be used with the keyboard alone', async () => {
      await push('one', 'first');
      await push('two', 'second');
      await openPage();
      await page.locator('#preview pre').waitFor();
      await page.keyboard.press('/');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('filter');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await waitFor(async () => (await page.locator('#chosen-title').textContent()) === 'default:two');
      await waitFor(async () => (await page.locator('#preview pre').textContent()) === 'second');
      expect(await page.locator('#rows a[aria-current=true]').textContent()).toBe('default:two');
      await page.context().close();
    });

    it('opens at the stream that the address names', async () => {
      await push('one', 'first');
      await push('two', 'second');
      await openPage();
      await page.goto(`${gateway.url}/#default%3Atwo`);
      await page.reload();
      await waitFor(async () => (await page.locator('#preview pre').textContent()) === 'second');
      await page.context().close();
    });

    it('copies a command', async () => {
      await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
      await page.locator('#commands button').first().click();
      await page.locator('#commands button', { hasText: 'Copied' }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toBe(await page.locator('#commands code').first().textContent());
      await page.context().close();
    });

    it.each([320, 390, 800, 1280])('fits a screen %i pixels wide, light and dark', async (width) => {
      await push(NASTY_NAME, 'x'.repeat(5000));
      for (const colorScheme of ['light', 'dark'] as const) {
        await openPage({ viewport: { width, height: 700 }, colorScheme });
        await page.locator('#preview pre').waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        const [ground, ink] = await page.evaluate(() => {
          const style = getComputedStyle(document.body);
          return [style.backgroundColor, style.color];
        });
        expect(ground).not.toBe(ink);
        await page.context().close();
      }
    });

    it('says that a service is away, and goes on when it is back', async () => {
      await push('kept', 'x');
      await openPage();
      await page.locator('#health[data-state=ready]').waitFor();
      await page.locator('#preview pre').waitFor();
      await store.kill('SIGKILL');
      await page.locator('#health[data-state=down]').waitFor();
      await page.locator('#notice:visible').waitFor();
      expect(await page.locator('#notice').textContent()).toContain('stream-store is not reachable');
      expect(await rowTexts()).toEqual(['default:kept']);
      store = await startApp('stream-store', { REDIS_URL: redis.url }, { port: store.port });
      await page.locator('#health[data-state=ready]').waitFor();
      await page.locator('#notice').waitFor({ state: 'hidden' });
      await page.context().close();
    });

    it('has a page of all routes that works offline', async () => {
      await openPage();
      await page.goto(`${gateway.url}/api-docs`);
      expect(page.url()).toBe(`${gateway.url}/api-docs`);
      // A long document is drawn as far as it is scrolled to.
      await waitFor(async () => {
        await page.mouse.wheel(0, 600);
        return (await page.locator('.opblock-summary-path', { hasText: '/data/' }).count()) > 0;
      });
      expect(complaints).toEqual([]);
      await page.context().close();
    });
  });
}
