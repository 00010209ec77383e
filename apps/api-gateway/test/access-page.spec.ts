import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { type Browser } from 'playwright-core';
import { AccessSystem } from './support/access.js';
import { findChromium, startBrowser } from './support/browser.js';

const chromiumPath = findChromium();

if (chromiumPath === null) {
  test.skip('the page in strict mode (skipped: no Chromium on this machine)', () => undefined);
} else {
  describe('the page in strict mode', () => {
    let strict: AccessSystem;
    let browser: Browser;

    beforeAll(async () => {
      strict = await AccessSystem.start('strict');
      browser = await startBrowser(chromiumPath);
    });
    afterAll(async () => {
      await browser?.close();
      await strict?.stop();
    });

    it('asks who somebody is, says what is wrong, shows the streams then, and nothing after logging out', async () => {
      const form = new FormData();
      form.append('entries', new Blob(['x']), 'x');
      await strict.fetch('/data/seen', { method: 'POST', body: form, as: strict.admin.token });

      const page = await (await browser.newContext()).newPage();
      await page.goto(strict.url);
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      const submit = async (password: string): Promise<void> => {
        await page.getByLabel('Name', { exact: true }).fill(strict.admin.name);
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Log in' }).click();
      };
      await submit('wrong');
      await page.getByRole('alert').filter({ hasText: 'Incorrect username or password' }).waitFor();
      await submit(strict.admin.password);
      await page.locator('#rows a', { hasText: 'default:seen' }).waitFor();
      expect(await page.locator('#login').isVisible()).toBe(false);
      expect(await page.locator('#who-name').textContent()).toBe('admin');
      expect(await page.evaluate(() => document.cookie)).toBe('');

      await page.reload();
      await page.locator('#rows a', { hasText: 'default:seen' }).waitFor();
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
      expect(await page.locator('#rows a').count()).toBe(0);
      await page.context().close();
    });
  });
}
