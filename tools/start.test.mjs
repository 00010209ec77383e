import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from './setup/paths.mjs';
import { isAlive, signalGroup } from './setup/processes.mjs';
import { freePort } from './start/ports.mjs';
import { statusOf } from './start/ready.mjs';

const stopLimitMs = 5000;
let folder;
let env;
let redisPort;
let gateway;
const runs = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-start-'));
  redisPort = await freePort();
  const gatewayPort = await freePort();
  gateway = `http://127.0.0.1:${gatewayPort}`;
  env = {
    ...withoutSluice(process.env),
    SLUICE_STATE_DIR: folder,
    SLUICE_REDIS_BIN: process.env.SLUICE_TEST_REDIS_BIN ?? '',
    SLUICE_REDIS_PORT: String(redisPort),
    SLUICE_STREAM_STORE_PORT: String(await freePort()),
    SLUICE_REGISTRY_PORT: String(await freePort()),
    SLUICE_CHANNEL_GATEWAY_PORT: String(await freePort()),
    SLUICE_API_GATEWAY_PORT: String(gatewayPort),
    SLUICE_API_GATEWAY_PTG_PORT: String(await freePort()),
  };
});

after(() => {
  for (const pid of [...runs.map((run) => run.process.pid), ...notedPids().values()]) signalGroup(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function withoutSluice(all) {
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !/^(SLUICE_|REDIS_URL$|npm_lifecycle_event$)/.test(name)),
  );
}

/** `npm start` without npm, its output collected. */
function start(args = [], extra = {}) {
  const child = spawn(process.execPath, [join(root, 'tools/start.mjs'), ...args], {
    env: { ...env, ...extra },
    detached: true,
  });
  const run = { process: child, output: '', exited: once(child, 'exit') };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (run.output += data));
  runs.push(run);
  return run;
}

async function until(condition, what, run) {
  const deadline = Date.now() + 90_000;
  while (!(await condition())) {
    assert.ok(
      Date.now() < deadline && (!run || run.process.exitCode === null),
      `waited in vain for ${what}\n${run?.output ?? ''}`,
    );
    await delay(25);
  }
}

async function started() {
  const run = start();
  await until(() => run.output.includes('Ctrl-C stops everything'), 'the start', run);
  return run;
}

/** The processes that a start has noted, by name. */
function notedPids() {
  const files = readdirSync(join(folder, 'run')).filter((file) => file.endsWith('.pid'));
  return new Map(
    files.map((file) => [file.slice(0, -4), JSON.parse(readFileSync(join(folder, 'run', file), 'utf8')).pid]),
  );
}

async function redis(command) {
  const socket = connect(redisPort, '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [reply] = await once(socket, 'data');
  socket.destroy();
  return String(reply);
}

async function signIn(username, password) {
  const body = new URLSearchParams({ username, password });
  const response = await fetch(`${gateway}/token`, { method: 'POST', body });
  assert.equal(response.status, 200);
  return (await response.json()).access_token;
}

async function streamNames(token) {
  const response = await fetch(`${gateway}/v1/streams?token=${token}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text).streams.map((stream) => stream.name);
}

async function assertStopped(run, pids, since) {
  const [code] = await run.exited;
  assert.ok(Date.now() - since < stopLimitMs, `took ${Date.now() - since} ms`);
  assert.equal(code, 0, run.output);
  for (const [name, pid] of pids) assert.equal(isAlive(pid), false, `${name} still runs`);
}

describe('npm start', () => {
  test('brings everything up, says where, and restarts what crashes, Redis included', async () => {
    const run = await started();
    assert.equal(await statusOf(`${gateway}/health/ready`), 200);
    assert.ok(run.output.includes(`${gateway}/`), run.output);
    for (const name of ['stream-store', 'redis']) {
      process.kill(notedPids().get(name), 'SIGKILL');
      await until(() => run.output.includes(`${name} is back`), `the return of ${name}`, run);
      assert.match(run.output, new RegExp(`${name} ended \\(killed by SIGKILL\\); starting it again in 0\\.25 s`));
    }
    await until(async () => (await statusOf(`${gateway}/health/ready`)) === 200, 'readiness', run);

    const second = start();
    await second.exited;
    assert.equal(second.process.exitCode, 1);
    assert.match(second.output, new RegExp(`already runs from this folder \\(process ${run.process.pid}\\)`));

    await redis('XADD kept 1-1 d value');
    const pids = notedPids();
    assert.ok(pids.size >= 4, [...pids.keys()].join(', '));
    const since = Date.now();
    run.process.kill('SIGINT');
    await assertStopped(run, pids, since);
  });

  test('finds the data of the last run, and ends what a killed run has left', async () => {
    const killed = await started();
    assert.match(await redis('XRANGE kept - +'), /1-1[^]*value/);
    const left = notedPids();
    killed.process.kill('SIGKILL');
    await killed.exited;
    assert.ok(isAlive(left.get('redis')));

    const run = await started();
    assert.match(run.output, /ended what a killed run had left: .*redis \(\d+\)/);
    for (const [name, pid] of left) assert.equal(isAlive(pid), false, `${name} of the killed run still runs`);
    assert.match(await redis('XRANGE kept - +'), /1-1[^]*value/);
    const pids = notedPids();
    const since = Date.now();
    run.process.kill('SIGTERM');
    await assertStopped(run, pids, since);
  });

  test('strict mode makes an administrator once, tells the password once, and lets the demo push with keys of its own', async () => {
    const run = start(['--auth', 'strict', '--demo']);
    await until(() => run.output.includes('Ctrl-C stops everything'), 'the start', run);
    const [, name, password] = /first administrator is (\S+), with the password (\S+)/.exec(run.output) ?? [];
    assert.ok(password, run.output);
    const token = await signIn(name, password);
    assert.equal((await fetch(`${gateway}/v1/streams`)).status, 401);
    await until(async () => (await streamNames(token)).includes('host:vitals'), 'the demo', run);
    run.process.kill('SIGTERM');
    await run.exited;
    for (const file of readdirSync(join(folder, 'logs'))) {
      assert.equal(readFileSync(join(folder, 'logs', file), 'utf8').includes(password), false, file);
    }

    const later = start(['--auth', 'strict']);
    await until(() => later.output.includes('Ctrl-C stops everything'), 'the start', later);
    assert.match(later.output, /administrators: admin/);
    assert.doesNotMatch(later.output, /with the password/);
    assert.ok(await signIn(name, password));
    later.process.kill('SIGTERM');
    await later.exited;
  });

  test('--tls serves both doors over https, and says how to trust the certificate', async () => {
    const run = start(['--tls', '--demo']);
    await until(() => run.output.includes('Ctrl-C stops everything'), 'the start', run);
    const ca = readFileSync(join(folder, 'tls', 'certificate.pem'));
    for (const port of [env.SLUICE_API_GATEWAY_PORT, env.SLUICE_API_GATEWAY_PTG_PORT]) {
      const request = get(`https://127.0.0.1:${port}/health/ready`, { ca, agent: false });
      const [response] = await once(request, 'response');
      response.resume();
      assert.equal(response.statusCode, 200);
      assert.ok(run.output.includes(`https://127.0.0.1:${port}/`), run.output);
    }
    assert.ok(run.output.includes(new X509Certificate(ca).fingerprint256), run.output);
    assert.ok(run.output.includes('NODE_EXTRA_CA_CERTS='), run.output);
    const answer = async () => await redis('EXISTS host:vitals');
    await until(async () => (await answer()).startsWith(':1'), 'entries of a demo device', run);
    run.process.kill('SIGTERM');
    await run.exited;
  });

  test('a busy port is named with its setting, and nothing is started', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const run = start([], { SLUICE_API_GATEWAY_PORT: String(port) });
    const [code] = await run.exited;
    server.close();
    assert.equal(code, 1);
    assert.match(
      run.output,
      new RegExp(`port ${port} \\(api-gateway\\) is taken.*SLUICE_API_GATEWAY_PORT=\\d+ npm start`),
    );
    assert.equal(notedPids().size, 0);
  });

  test('a REDIS_URL that nobody answers at is refused, without its password', async () => {
    const run = start([], { REDIS_URL: `redis://:secret@127.0.0.1:${await freePort()}` });
    const [code] = await run.exited;
    assert.equal(code, 1);
    assert.match(run.output, /REDIS_URL=redis:\/\/:\*\*\*@127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
  });

  test('an unknown option is refused by name', async () => {
    const run = start(['--fast']);
    const [code] = await run.exited;
    assert.equal(code, 2);
    assert.match(run.output, /--fast/);
  });
});
