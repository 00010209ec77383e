import { X509Certificate, createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, waitFor } from '@sluice/testing';
import { generate } from 'selfsigned';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from './support/gateway.js';
import { openHttp2, ask } from './support/http2-client.js';
import { StandIn } from './support/upstream.js';

const DAY_MS = 86_400_000;

let store: StandIn;
let folder: string;
let certFile: string;
let keyFile: string;

beforeAll(async () => {
  store = await StandIn.start();
});

afterAll(async () => {
  await store.kill();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  certFile = join(folder, 'tls.crt');
  keyFile = join(folder, 'tls.key');
});

async function pair(daysLeft = 100): Promise<{ key: string; cert: string }> {
  const made = await generate([{ name: 'commonName', value: 'test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS * 200),
    notAfterDate: new Date(Date.now() + DAY_MS * daysLeft),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { key: made.private, cert: made.cert };
}

function put({ key, cert }: { key: string; cert: string }): void {
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
}

async function startGiven(log?: (line: string) => void): Promise<TestGateway> {
  const environment = { SLUICE_TLS_CERT: certFile, SLUICE_TLS_KEY: keyFile };
  const gateway = await startGateway(`http://127.0.0.1:${store.port}`, environment);
  if (log !== undefined) {
    const { warn } = gateway.service.log;
    gateway.service.log.warn = ((...given: Parameters<typeof warn>) =>
      String(given[1]).includes('TLS') && log(String(given[1]))) as typeof warn;
  }
  return gateway;
}

/** The certificate that a new connection is shown. */
async function shown(url: string): Promise<X509Certificate> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate() as X509Certificate;
  socket.destroy();
  return certificate;
}

const fingerprintOf = (cert: string): string => new X509Certificate(cert).fingerprint256;

describe('a given certificate', () => {
  it('takes the place of the old one when the files change, at both doors, and open connections go on', async () => {
    const [first, second] = [await pair(), await pair()];
    put(first);
    const gateway = await startGiven();
    const session = await openHttp2(gateway.url, first.cert);
    const socket = new WebSocket(`${gateway.ptgUrl.replace('http', 'ws')}/data/a/push`, { ca: first.cert });
    await once(socket, 'open');
    expect((await shown(gateway.url)).fingerprint256).toBe(fingerprintOf(first.cert));
    put(second);
    for (const url of [gateway.url, gateway.ptgUrl]) {
      await waitFor(async () => (await shown(url)).fingerprint256 === fingerprintOf(second.cert));
    }
    socket.send('still here');
    expect(String(((await once(socket, 'message')) as [Buffer])[0])).toBe('still here');
    expect((await ask(session, { ':path': '/data/a' })).status).toBe(200);
    const fresh = await openHttp2(gateway.url, second.cert);
    expect((await ask(fresh, { ':path': '/data/a' })).status).toBe(200);
    for (const each of [session, fresh]) each.destroy();
    socket.terminate();
    await gateway.close();
  });

  it('stays the old one while the new pair is broken, says why, and changes once the pair is whole', async () => {
    const [first, second] = [await pair(), await pair()];
    put(first);
    const warnings: string[] = [];
    const gateway = await startGiven((line) => warnings.push(line));
    writeFileSync(certFile, second.cert);
    await waitFor(() => warnings.some((line) => line.includes('the key is not the key of the certificate')));
    writeFileSync(keyFile, 'half a k');
    await waitFor(() => warnings.some((line) => line.includes('the key is no PEM private key')));
    rmSync(certFile);
    await waitFor(() => warnings.some((line) => line.includes(`SLUICE_TLS_CERT=${certFile} cannot be read (ENOENT)`)));
    expect((await shown(gateway.url)).fingerprint256).toBe(fingerprintOf(first.cert));
    expect(warnings).toHaveLength(3);
    put(second);
    await waitFor(async () => (await shown(gateway.url)).fingerprint256 === fingerprintOf(second.cert));
    await gateway.close();
  });

  it('that is missing, broken, or of another key ends the start with the reason', async () => {
    const [first, second] = [await pair(), await pair()];
    await expect(startGiven()).rejects.toThrow(`SLUICE_TLS_CERT=${certFile} cannot be read (ENOENT)`);
    put({ key: second.key, cert: first.cert });
    await expect(startGiven()).rejects.toThrow('the key is not the key of the certificate');
    put({ key: first.key, cert: 'nonsense' });
    await expect(startGiven()).rejects.toThrow('the certificate is no PEM certificate');
    const alone = startGateway('http://127.0.0.1:1', { SLUICE_TLS_CERT: certFile });
    await expect(alone).rejects.toThrow('SLUICE_TLS_KEY is missing');
    const both = { SLUICE_TLS: 'self-signed', SLUICE_TLS_CERT: certFile, SLUICE_TLS_KEY: keyFile };
    await expect(startGateway('http://127.0.0.1:1', both)).rejects.toThrow('exclude each other');
  });
});

describe('a certificate of our own', () => {
  const startOwn = async (more: Record<string, string> = {}): Promise<TestGateway> =>
    startGateway(`http://127.0.0.1:${store.port}`, {
      SLUICE_TLS: 'self-signed',
      SLUICE_TLS_FOLDER: join(folder, 'tls'),
      ...more,
    });
  const own = (): string => readFileSync(join(folder, 'tls', 'certificate.pem'), 'utf8');

  it('is made once, for this machine and the hosts that are served, and is trusted by whoever trusts its file', async () => {
    const gateway = await startOwn();
    const request = get(gateway.url.replace('127.0.0.1', 'localhost'), { ca: own(), agent: false });
    const [response] = (await once(request, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(200);
    await gateway.close();
    const kept = own();
    const again = await startOwn();
    expect(own()).toBe(kept);
    expect((await shown(again.url)).fingerprint256).toBe(fingerprintOf(kept));
    await again.close();
    const wider = await startOwn({ SLUICE_ALLOWED_HOSTS: 'Lab.example,10.1.2.3,*' });
    const certificate = await shown(wider.url);
    for (const name of ['localhost', 'lab.example']) expect(certificate.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1', '10.1.2.3']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.ca).toBe(false);
    await wider.close();
  });

  it.each([
    ['ended', -1],
    ['ends soon', 20],
  ])('is made anew when the kept one %s', async (_what, daysLeft) => {
    await (await startOwn()).close();
    const old = await pair(daysLeft);
    writeFileSync(join(folder, 'tls', 'self-signed.pem'), `${old.key}\n${old.cert}`);
    const gateway = await startOwn();
    const certificate = await shown(gateway.url);
    expect(certificate.fingerprint256).toBe(fingerprintOf(own()));
    expect(Date.parse(certificate.validTo) - Date.now()).toBeGreaterThan(300 * DAY_MS);
    await gateway.close();
  });

  it('is made anew when the kept file is broken, and is the same one for gateways that start together', async () => {
    await (await startOwn()).close();
    writeFileSync(join(folder, 'tls', 'self-signed.pem'), 'nonsense');
    const gateways = await Promise.all([startOwn(), startOwn(), startOwn()]);
    await waitFor(async () => {
      const prints = await Promise.all(gateways.map(async ({ url }) => (await shown(url)).fingerprint256));
      return new Set(prints).size === 1;
    });
    for (const gateway of gateways) await gateway.close();
  });

  it('is told at the start by its fingerprint, never by its key', async () => {
    const environment = { SLUICE_TLS: 'self-signed', SLUICE_TLS_FOLDER: join(folder, 'tls') };
    const app = await startApp('api-gateway', environment, { waitUntilReady: false });
    await waitFor(() => app.output.includes('listening'));
    const der = new X509Certificate(own()).raw;
    const sha256 = createHash('sha256').update(der).digest('hex').toUpperCase().match(/../g)?.join(':');
    expect(app.output).toContain(sha256);
    expect(app.output).toContain(join(folder, 'tls', 'certificate.pem'));
    expect(app.output).toContain('"url":"https://127.0.0.1:');
    expect(app.output).not.toContain('PRIVATE');
    expect(await app.kill('SIGTERM')).toBe(0);
  });

  it('that cannot be kept ends the start with the folder’s name', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(startOwn({ SLUICE_TLS_FOLDER: join(file, 'tls') })).rejects.toThrow(join(file, 'tls'));
  });
});
