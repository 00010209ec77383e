import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PageFiles } from '../src/page/page-files.js';
import { TestGateway } from './support/gateway.js';
import { lab } from './support/lab.js';

const folder = mkdtempSync(join(tmpdir(), 'pages-'));
let gateway: TestGateway;

beforeAll(async () => {
  const files = [
    'logo.svg',
    'own.css',
    'own.js',
    'secret.txt',
    'assets/a b.txt',
    'outputs/run.log',
    'outputs/deep/x.txt',
  ];
  for (const sub of ['assets', 'outputs', 'outputs/deep', 'assets-too']) mkdirSync(join(folder, sub));
  for (const file of [...files, 'assets-too/secret.txt', 'outputs/empty.log', 'outputs/<b>.json'])
    writeFileSync(join(folder, file), file === 'outputs/empty.log' ? '' : `this is ${file}`);
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'assets/link.txt'));
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'outputs/link.txt'));
  const page = { headerLogo: join(folder, 'logo.svg'), css: [join(folder, 'own.css')], js: [join(folder, 'own.js')] };
  const mounts = { page: { ...page, assets: join(folder, 'assets') }, outputs: { dir: join(folder, 'outputs') } };
  gateway = await TestGateway.start({ application: lab({ ...mounts, apiKeys: { keys: ['key'] } }) });
});

afterAll(async () => {
  await gateway?.close();
  rmSync(folder, { recursive: true });
});

const CACHE = 'public, max-age=604800';

describe('files for pages', () => {
  it.each([
    ['/static/favicon.png', 'image/png'],
    ['/img/logo.svg', 'image/svg+xml'],
    ['/custom/logo.svg', 'image/svg+xml'],
    ['/custom/own.css', 'text/css; charset=utf-8'],
    ['/custom/own.js', 'text/javascript; charset=utf-8'],
    ['/custom-assets/a%20b.txt', 'text/plain; charset=utf-8'],
    ['/favicon.ico', 'image/png'],
  ])('%s needs no key and may be kept for a week', async (path, type) => {
    const { status, headers } = await gateway.get(`/${path}`);
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([200, type, CACHE]);
    expect(headers.get('content-security-policy')).toContain('sandbox');
  });

  it.each([
    '/static/none.png',
    '/static/',
    '/static/..%2fimg%2flogo.svg',
    '/static/%2e%2e/%2e%2e/package.json',
    '/img/..%2f..%2fpackage.json',
    '/custom/secret.txt',
    '/custom/..%2fcustom%2fown.css',
    '/custom-assets/',
    '/custom-assets/link.txt',
    '/custom-assets/..%2fsecret.txt',
    '/custom-assets/..%2fassets-too%2fsecret.txt',
    '/custom-assets/%00',
  ])('%s is not there', async (path) => {
    const { status, body, headers } = await gateway.get(`/${path}`);
    expect([status, JSON.stringify(body)]).toEqual([404, expect.not.stringContaining('this is')]);
    expect(headers.get('cache-control')).not.toBe(CACHE);
  });

  it('are named by the configuration of pages', async () => {
    expect((await gateway.get('//ui-config')).body).toEqual({
      title: 'Lab',
      description: '',
      headerLogo: '/custom/logo.svg',
      footerLogo: '',
      customCss: ['/custom/own.css'],
      customJs: ['/custom/own.js'],
      basePath: '',
    });
  });

  it.each([
    [{ headerLogo: '/nowhere/logo.svg' }, 'there is no file /nowhere/logo.svg'],
    [{ assets: '/nowhere' }, 'there is no folder /nowhere'],
    [{ css: [join(folder, 'own.css'), join(folder, 'assets', 'own.css')] }, 'own.css'],
  ])('%j ends the start with a clear word', async (page, message) => {
    await expect(PageFiles.open({ title: '', description: '', mounts: { page } })).rejects.toThrow(message);
  });
});

describe('the folder of outputs', () => {
  const get = (path: string): ReturnType<TestGateway['get']> =>
    gateway.get(`//outputs${path}${path.includes('?') ? '&' : '?'}token=key`);

  it('is listed with links that keep the query', async () => {
    for (const path of ['', '/']) {
      const { status, body, headers } = await get(path);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(body).toContain('<a href="/outputs/run.log?token=key">run.log</a>');
      expect(body).toContain('<a href="/outputs/deep?token=key">deep/</a>');
      expect(body).toContain('<a href="/outputs/%3Cb%3E.json?token=key">&lt;b&gt;.json</a>');
    }
    expect((await get('/deep')).body).toContain('<a href="/outputs/deep/x.txt?token=key">x.txt</a>');
  });

  it.each([
    ['/run.log', 'text/plain; charset=utf-8', 'this is outputs/run.log'],
    ['/deep/x.txt', 'text/plain; charset=utf-8', 'this is outputs/deep/x.txt'],
    ['/empty.log', 'text/plain; charset=utf-8', ''],
    ['/%3Cb%3E.json', 'application/json', 'this is outputs/<b>.json'],
  ])('shows %s as %s', async (path, type, content) => {
    const { status, body, headers } = await get(path);
    expect([status, headers.get('content-type'), body]).toEqual([200, type, content]);
  });

  it.each(['/none.log', '/link.txt', '/..%2fsecret.txt', '/deep/..%2f..%2fsecret.txt', '/%00'])(
    '%s is not there',
    async (path) => {
      const { status, body } = await get(path);
      expect([status, body]).toEqual([404, { detail: expect.stringMatching(/^Not found: /) }]);
    },
  );

  it('asks for a key', async () => {
    const { status, body } = await gateway.get('//outputs/run.log');
    expect([status, String(body)]).toEqual([403, expect.stringContaining('<form')]);
  });
});
