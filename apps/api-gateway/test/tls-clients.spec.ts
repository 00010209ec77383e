import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { startGateway, type TestGateway } from './support/gateway.js';
import { StandIn } from './support/upstream.js';

const run = promisify(execFile);

const python = process.env['SLUICE_PYTHON'] ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : '');
const missing =
  process.env['SLUICE_PYTHON_MISSING'] ?? (python === '' ? 'no python3 with websockets and requests' : '');

const PROGRAM = `
import asyncio, json, ssl, sys, requests, websockets
front, ptg, ca = sys.argv[1:]
answer = requests.get(front + '/data/a?x=1', verify=ca).json()
print(answer['url'], answer['headers']['x-forwarded-proto'])
print(requests.post(ptg + '/data/a', data=b'x' * 100000, verify=ca).json()['bytes'])
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
async def main():
    for url in (front, ptg):
        async with websockets.connect(url.replace('https', 'wss') + '/data/a/push', ssl=context, max_size=None) as socket:
            for size in (0, 100, 2000000):
                await socket.send(b'x' * size)
                print(len(await socket.recv()))
asyncio.run(main())
try:
    requests.get(front)
except requests.exceptions.SSLError:
    print('not trusted')
`;

if (missing !== '') {
  // eslint-disable-next-line jest/expect-expect
  test.skip(`Python over TLS (skipped: ${missing})`, () => undefined);
} else {
  describe('Python with requests, websockets and its own ssl', () => {
    let folder: string;
    let store: StandIn;
    let gateway: TestGateway;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
      store = await StandIn.start();
      gateway = await startGateway(`http://127.0.0.1:${store.port}`, {
        SLUICE_TLS: 'self-signed',
        SLUICE_TLS_FOLDER: folder,
      });
    });

    afterAll(async () => {
      await gateway.close();
      await store.kill();
      rmSync(folder, { recursive: true });
    });

    it('talks to both doors once it trusts the certificate, by the strict rules too, and not before', async () => {
      const { stdout } = await run(python, [
        '-c',
        PROGRAM,
        gateway.url,
        gateway.ptgUrl,
        join(folder, 'certificate.pem'),
      ]);
      expect(stdout.trim().split('\n')).toEqual([
        '/data/a?x=1 https',
        '100000',
        ...['0', '100', '2000000'],
        ...['0', '100', '2000000'],
        'not trusted',
      ]);
    });
  });
}
