import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { Tokens, UserDirectory } from '@sluice/service-kit';
import { startApp, startRedis, waitFor, type RedisServer, type RunningApp } from '@sluice/testing';
import { TestGateway } from './support/gateway.js';

const PROGRAMS = fileURLToPath(new URL('support/python', import.meta.url));
const python = process.env['SLUICE_PYTHON'] ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : '');
const missing =
  process.env['SLUICE_PYTHON_MISSING'] ?? (python === '' ? 'no python3 with websockets and requests' : '');

const SEEN = ['listings', 'reading', 'forms', 'sending', 'states', 'staging', 'controls', 'streaming'].map(
  (check) => `sync ${check}`,
);

if (missing !== '') {
  // eslint-disable-next-line jest/expect-expect
  test.skip(`a Python client that derives everything from the document (skipped: ${missing})`, () => undefined);
} else {
  describe('a Python client that derives everything from the document', () => {
    let redis: RedisServer;

    beforeAll(async () => {
      redis = await startRedis();
    });

    afterAll(async () => {
      await redis?.stop();
    });

    /** Runs the checks to their end, and resolves with what they have seen. */
    async function run(url: string, credential: object, ...more: string[]): Promise<string[]> {
      const { hostname: host, port } = new URL(url);
      const config = JSON.stringify({ host, port: Number(port), ...credential });
      const env = { ...process.env, CHANNEL_CLIENT: config, PYTHONDONTWRITEBYTECODE: '1' };
      const child = spawn(python, ['channel_checks.py', ...more], { cwd: PROGRAMS, env });
      let output = '';
      for (const stdio of [child.stdout, child.stderr]) stdio.on('data', (chunk: Buffer) => (output += String(chunk)));
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
      return [...output.split('\n').filter((line) => line !== ''), `code ${code}`];
    }

    it('with a key of the application, at the port of the service, and ends it', async () => {
      const app: RunningApp = await startApp('channel-gateway', {
        REDIS_URL: redis.url,
        SLUICE_CHANNEL_GATEWAY_APPLICATION: 'keyed',
        SLUICE_CHANNEL_GATEWAY_API_KEYS: 'test',
      });
      const lines = await run(app.url, { api_key: 'test' }, 'shutdown');
      expect(lines).toEqual([...SEEN, 'async', 'refused', 'shutdown', 'code 0']);
      await waitFor(() => !app.isRunning);
      expect(app.process.exitCode).toBe(0);
    }, 60_000);

    it('without a credential, at the front door', async () => {
      const environment = { REDIS_URL: redis.url, SLUICE_CHANNEL_GATEWAY_APPLICATION: 'open' };
      const app = await startApp('channel-gateway', environment);
      const front = await startApp('api-gateway', { REDIS_URL: redis.url, SLUICE_CHANNEL_GATEWAY_URL: app.url });
      expect(await run(front.url, {})).toEqual([...SEEN, 'async', 'code 0']);
      await front.kill();
      await app.kill();
    }, 60_000);

    it('with a bearer of the system, in strict mode', async () => {
      const environment = { SLUICE_AUTH_MODE: 'strict', SLUICE_CHANNEL_GATEWAY_APPLICATION: 'strict' };
      const strict = await TestGateway.start({ redis, environment });
      const { app } = strict.service;
      const scopes = ['channel:read=*', 'channel:write=*'];
      await app.get(UserDirectory).add({ name: 'py', password: 'correct horse', scopes }, 'test');
      const { token } = await app.get(Tokens).issue('py', {});
      expect(await run(strict.url, { bearer_token: token })).toEqual([...SEEN, 'async', 'refused', 'code 0']);
      await strict.close();
    }, 60_000);
  });
}
