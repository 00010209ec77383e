import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { type RedisServer, type RunningApp, startApp, startRedis, uniqueName, waitFor } from '@sluice/testing';

const EXAMPLES = fileURLToPath(new URL('../../../examples/python', import.meta.url));
const python = process.env['SLUICE_PYTHON'] ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : '');
const missing =
  process.env['SLUICE_PYTHON_MISSING'] ?? (python === '' ? 'no python3 with websockets and requests' : '');

/** A snippet running as a program of its own. */
class Snippet {
  output = '';
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(file: string, stream: string, url: string, limit: number) {
    const env = { ...process.env, SLUICE_URL: url, LIMIT: String(limit), PYTHONDONTWRITEBYTECODE: '1' };
    this.child = spawn(python, [file, stream], { cwd: EXAMPLES, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stdio of [this.child.stdout, this.child.stderr]) {
      stdio?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  get lines(): string[] {
    return this.output.split('\n').filter((line) => line !== '');
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}

if (missing !== '') {
  // eslint-disable-next-line jest/expect-expect
  test.skip(`redis-streamer's Python snippets (skipped: ${missing})`, () => undefined);
} else {
  describe("redis-streamer's Python snippets, through the gateway", () => {
    let redis: RedisServer;
    let store: RunningApp;
    let gateway: RunningApp;
    const started: Snippet[] = [];

    const run = (file: string, stream: string, limit = 3): Snippet => {
      const snippet = new Snippet(file, stream, gateway.url, limit);
      started.push(snippet);
      return snippet;
    };

    beforeAll(async () => {
      redis = await startRedis();
      store = await startApp('stream-store', { REDIS_URL: redis.url });
      gateway = await startApp('api-gateway', { SLUICE_STREAM_STORE_URL: store.url });
    });

    afterAll(async () => {
      for (const snippet of started) snippet.stop();
      await gateway.kill('SIGTERM');
      await store.kill('SIGTERM');
      await redis.stop();
    });

    const readers = async (): Promise<number> => {
      const metrics = await (await fetch(`${store.url}/metrics`)).text();
      return Number(/^sluice_store_followers(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? 0);
    };

    it.each([
      ['push.py', 'pull.py'],
      ['push_without_header.py', 'pull_without_header.py'],
      ['push.py', 'pull_latest.py'],
    ])('%s reaches %s', async (push, pull) => {
      const stream = uniqueName('python');
      const reader = run(pull, stream, 0);
      await waitFor(async () => (await readers()) === 1, { message: () => `${pull} reads\n${reader.output}` });
      const writer = run(push, stream);
      expect({ code: await writer.ended, output: writer.output }).toEqual({ code: 0, output: '' });
      const isLatest = pull === 'pull_latest.py';
      await waitFor(() => reader.lines.length >= (isLatest ? 1 : 3), {
        message: () => `entries arrive\n${reader.output}`,
      });
      if (isLatest)
        await waitFor(() => /\b3$/m.test(reader.output), { message: () => `the newest arrives\n${reader.output}` });
      else
        expect(reader.lines.map((line) => /(\d)\D*$/.exec(line.replace(/, "time.*/, ''))?.[1])).toEqual([
          '1',
          '2',
          '3',
        ]);
      reader.stop();
      await reader.ended;
      await waitFor(async () => (await readers()) === 0, { message: `nothing is left of ${pull}` });
    });

    it('rest.py gets and posts as its comments say', async () => {
      const snippet = run('rest.py', uniqueName('rest'));
      const code = await snippet.ended;
      expect(snippet.lines).toEqual([
        "from now: b''",
        "next: b'one'",
        "next: b'two'",
        "next: b'three'",
        "next: b''",
        "newest: b'three'",
        "first: b'one'",
        "five minutes ago: b'one'",
        "newest of five minutes: b'three'",
        "nothing new: b''",
        'No new data',
      ]);
      expect(code).toBe(0);
    });
  });
}
