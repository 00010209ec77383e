import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sharedRedisUrl, startApp, uniqueName, type RunningApp } from '@sluice/testing';
import { chromium, type Browser, type Page } from 'playwright-core';

const LIBS = fileURLToPath(new URL('../../', import.meta.url));

/** The machine's Chromium, or undefined. */
function findChromium(): string | undefined {
  const given = process.env['SLUICE_CHROMIUM'];
  if (given !== undefined && given !== '') return given;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  );
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const executablePath = findChromium();

/** Serves the built libs as they are: an import map is all that a page needs beside them. */
function serveLibs(): Promise<Server> {
  const imports = Object.fromEntries(
    ['wire', 'contracts', 'sdk'].map((lib) => [`@sluice/${lib}`, `/${lib}/dist/index.js`]),
  );
  const page = `<!doctype html><title>sdk</title><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end(page);
      return;
    }
    readFile(join(LIBS, path)).then(
      (content) => response.setHeader('content-type', 'text/javascript').end(content),
      () => response.writeHead(404).end(),
    );
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** What the page's script is given. */
interface Task {
  readonly url: string;
  readonly stream: string;
}

/** Runs in the page. */
async function useSdk({
  url,
  stream,
}: Task): Promise<{ texts: string[]; ranged: number; listed: string[]; frames: number }> {
  const name = '@sluice/sdk';
  const { Sluice } = (await import(name)) as typeof import('@sluice/sdk');
  const client = new Sluice({ url });
  const pull = client.pull(stream, { windowBytes: 20_000 });
  await pull.ready;
  const pusher = client.pusher(stream);
  for (let value = 0; value < 3000; value++) await pusher.push(`${value}`.padEnd(100));
  await pusher.flush();
  const texts: string[] = [];
  let frames = 0;
  while (texts.length < 3000) {
    const batch = await pull.nextBatch();
    frames++;
    for (const { payload } of batch ?? []) texts.push(new TextDecoder().decode(payload).trim());
  }
  pull.close();
  let ranged = 0;
  for await (const entry of client.range(stream)) ranged += entry.payload.length / 100;
  const listed: string[] = [];
  for await (const info of client.streams.list({ match: `*${stream}` })) listed.push(info.name);
  await client.close();
  return { texts, ranged, listed, frames };
}

if (executablePath === undefined) {
  it.skip('the SDK in a real browser (skipped: no Chromium on this machine)', () => undefined);
} else {
  describe('the SDK in a real browser', () => {
    let app: RunningApp;
    let server: Server;
    let browser: Browser;
    let page: Page;
    const errors: string[] = [];

    beforeAll(async () => {
      app = await startApp('stream-store', { REDIS_URL: await sharedRedisUrl() });
      server = await serveLibs();
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
      page = await browser.newPage();
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    });
    afterAll(async () => {
      await browser.close();
      server.closeAllConnections();
      server.close();
      await app.kill();
    });

    it('pushes, pulls within its window, reads ranges and lists, as built, without a bundler', async () => {
      const stream = uniqueName();
      const result = await page.evaluate(useSdk, { url: app.url, stream });
      expect(result.texts).toEqual(Array.from({ length: 3000 }, (_, value) => `${value}`));
      expect(result).toMatchObject({ ranged: 3000, listed: [`default:${stream}`] });
      expect(errors).toEqual([]);
    });
  });
}
