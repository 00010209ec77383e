import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, type RunningApp, startApp, startRedis, waitFor } from '@sluice/testing';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const readme = readFileSync(`${ROOT}/README.md`, 'utf8');
const run = promisify(execFile);
let redis: RedisServer;
let store: RunningApp;
let registry: RunningApp;
let channels: RunningApp;
let recordings: string;
let gateway: RunningApp;

beforeAll(async () => {
  redis = await startRedis();
  recordings = await mkdtemp(join(tmpdir(), 'sluice-recordings-'));
  store = await startApp('stream-store', {
    REDIS_URL: redis.url,
    SLUICE_STREAM_STORE_RECORDINGS_PATH: recordings,
  });
  registry = await startApp('registry', { REDIS_URL: redis.url });
  channels = await startApp('channel-gateway', { REDIS_URL: redis.url });
  gateway = await startApp('api-gateway', {
    REDIS_URL: redis.url,
    SLUICE_CHANNEL_GATEWAY_URL: channels.url,
    SLUICE_STREAM_STORE_URL: store.url,
    SLUICE_REGISTRY_URL: registry.url,
  });
});

afterAll(async () => {
  await gateway.kill('SIGTERM');
  await channels.kill('SIGTERM');
  await registry.kill('SIGTERM');
  await store.kill('SIGTERM');
  await redis.stop();
  await rm(recordings, { recursive: true });
});

/** A command line of the README, against the gateway of this test. */
async function shell(line: string): Promise<string> {
  const command = line.replaceAll('http://127.0.0.1:8000', gateway.url);
  const env = { ...process.env, SLUICE_URL: gateway.url, PATH: `${ROOT}/node_modules/.bin:${process.env['PATH']}` };
  const { stdout } = await run('bash', ['-c', `set -o pipefail; ${command}`], { cwd: ROOT, env, timeout: 25_000 });
  return stdout;
}

describe('the README', () => {
  it('shows the example of the SDK as it is, and it runs, also where Node has no WebSocket of its own', async () => {
    const example = readFileSync(`${ROOT}/examples/sdk/first.mjs`, 'utf8');
    expect(readme).toContain(`\`\`\`js\n${example}\`\`\``);
    const answer = await shell('node --no-experimental-websocket examples/sdk/first.mjs');
    expect(answer).toMatch(/^\d+-\d+ 21\.5\n$/);
  });

  it('shows curl commands that do what stands under them', async () => {
    const commands = [...readme.matchAll(/^\$ (curl .*:8000\/(?!api\/v1).*)$/gm)].map((match) => match[1] as string);
    expect(commands).toHaveLength(4);
    expect(JSON.parse(await shell(commands[0] as string))).toEqual([expect.stringMatching(/^\d+-\d+$/)]);
    const answer = await shell(commands[1] as string);
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer).toMatch(/^x-offsets: \[\["hello","\d+-\d+",\d+\]\]\r$/m);
    expect(answer).toMatch(/^x-last-entry-id: \d+-\d+\r$/m);
    await shell(`sluice push host:vitals '{"cpuPercent":3}'`);
    const live = (commands[2] as string).replace(/'$/, "&from=-'").replace('curl', 'curl -s -m 2');
    expect(await shell(`${live} || true`)).toMatch(/event: entry\r?\n/);
    expect(JSON.parse(await shell(commands[3] as string))).toEqual({ data: { devices: expect.any(Array) } });
  });

  it('shows channels of the demo as they are', async () => {
    const commands = [...readme.matchAll(/^\$ (curl .*:8000\/api\/v1\/.*)$/gm)].map((match) => match[1] as string);
    const tick = { id: expect.stringMatching(/^\d{19}$/), timestamp: expect.any(String), x: expect.any(Number) };
    const mine = expect.objectContaining({ ...tick, x: 12, y: 'mine' });
    const expected = [[expect.objectContaining(tick)], [mine], [mine]];
    expect(commands).toHaveLength(expected.length);
    await waitFor(
      async () => JSON.parse(await shell('curl -s http://127.0.0.1:8000/api/v1/last/example')).length === 1,
    );
    for (const [at, command] of commands.entries()) {
      expect(JSON.parse(await shell(command.replace('curl', 'curl -sS')))).toEqual(expected[at]);
    }
  });

  it('shows a session of the ptg dialect that goes as printed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-readme-'));
    const commands = [...readme.matchAll(/^\$ (curl .*:7890.*)$/gm)].map((match) => match[1] as string);
    expect(commands).toHaveLength(5);
    const answers: unknown[] = [];
    for (const command of commands) {
      const line = command
        .replaceAll('http://127.0.0.1:7890', `${gateway.url}/ptg`)
        .replace(' jar ', ` ${folder}/jar `);
      answers.push(JSON.parse(await shell(line.replace('curl', 'curl -sS'))));
    }
    expect(answers).toEqual([
      { access_token: expect.any(String), token_type: 'bearer' },
      expect.arrayContaining(['hello']),
      'first',
      1,
      expect.objectContaining({ name: 'first' }),
    ]);
    await rm(folder, { recursive: true });
  });

  it('shows commands that the command line knows', async () => {
    const lines = [...readme.matchAll(/(?:^\$|\|) npx sluice (\S+)/gm)].map((match) => match[1] as string);
    expect(lines.length).toBeGreaterThan(2);
    for (const name of new Set(lines)) expect(await shell(`sluice ${name} --help`)).toContain(`Usage: sluice ${name}`);
  });

  it('links to files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] as string);
    const missing = links.filter((link) => !link.startsWith('http') && !exists(`${ROOT}/${link}`));
    expect(missing).toEqual([]);
  });
});

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR';
  }
}
