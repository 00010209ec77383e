import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sharedRedisUrl, startApp, temporaryDirectory, uniqueName, waitFor, type RunningApp } from '@sluice/testing';

const SHIM = fileURLToPath(new URL('../bin/sluice.mjs', import.meta.url));
let app: RunningApp;

beforeAll(async () => {
  app = await startApp('stream-store', { REDIS_URL: await sharedRedisUrl() });
});
afterAll(() => app.kill());

/** A real process of the committed shim. */
class Sluice {
  out = '';
  err = '';
  readonly child: ChildProcess;
  readonly exit: Promise<number | NodeJS.Signals | null>;

  constructor(args: readonly string[], shim = SHIM) {
    const env = { ...process.env, NODE_OPTIONS: '', SLUICE_URL: app.url };
    this.child = spawn(process.execPath, [shim, ...args], { env, stdio: 'pipe' });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString()));
    this.exit = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve(code ?? signal)));
  }
}

it('the shim runs the build, and tells when there is none', async () => {
  const stream = uniqueName();
  const pushed = new Sluice(['push', stream, 'x']);
  expect([await pushed.exit, pushed.err]).toEqual([0, '']);
  expect(pushed.out).toMatch(/^\d+-\d+\n$/);
  const elsewhere = join(temporaryDirectory('unbuilt'), 'bin');
  await mkdir(elsewhere);
  await cp(SHIM, join(elsewhere, 'sluice.mjs'));
  const unbuilt = new Sluice(['ls'], join(elsewhere, 'sluice.mjs'));
  expect([await unbuilt.exit, unbuilt.err]).toEqual([1, expect.stringContaining('npm start')]);
});

it('a reader that has seen enough is no failure', async () => {
  const stream = uniqueName();
  const filled = new Sluice(['push-increment', stream, '--max-value', '1000', '--quiet']);
  expect(await filled.exit).toBe(0);
  const pull = new Sluice(['pull', stream, '--from', 'start', '--quiet']);
  await waitFor(() => pull.out.includes('\n'));
  pull.child.stdout?.destroy();
  await waitFor(async () => {
    await new Sluice(['push', stream, 'more']).exit;
    return pull.child.exitCode !== null;
  });
  expect([await pull.exit, pull.err]).toEqual([0, '']);
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it cleanly with %i, also while standard input is open', async (signal, code) => {
  const stream = uniqueName();
  const push = new Sluice(['push', stream, '--stdin', '--json']);
  push.child.stdin?.write('one\n');
  await waitFor(() => push.out.includes('id'));
  push.child.kill(signal);
  expect(await push.exit).toBe(code);
  expect(push.err).toContain('pushed 1 entry');
});

it('end of input ends a push', async () => {
  const stream = uniqueName();
  const push = new Sluice(['push', stream, '--stdin', '--json', '--quiet']);
  push.child.stdin?.end('one\ntwo');
  expect(await push.exit).toBe(0);
  expect(push.out.split('\n').filter(Boolean)).toHaveLength(2);
});

it('a server that goes and comes is told, and what comes after is pulled', async () => {
  const stream = uniqueName();
  const own = await startApp('stream-store', { REDIS_URL: await sharedRedisUrl() });
  const pull = new Sluice(['--url', own.url, 'pull', stream, '--from', 'start', '--format', 'text']);
  await waitFor(async () => {
    await new Sluice(['push', stream, 'before']).exit;
    return pull.out.includes('before');
  });
  await own.kill('SIGTERM');
  await waitFor(() => pull.err.includes('trying to connect again'));
  const again = await startApp('stream-store', { REDIS_URL: await sharedRedisUrl() }, { port: own.port });
  await waitFor(() => pull.err.includes('connected again'));
  await new Sluice(['push', stream, 'after']).exit;
  await waitFor(() => pull.out.includes('after'));
  expect(pull.err.match(/trying to connect again/g)).toHaveLength(1);
  pull.child.kill('SIGINT');
  expect(await pull.exit).toBe(130);
  await again.kill();
});
