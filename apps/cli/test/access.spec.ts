import { execFile } from 'node:child_process';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApp, startRedis, uniqueName, type RedisServer, type RunningApp } from '@sluice/testing';
import { CONFIG_FOLDER, run, start, type Outcome } from './terminal.js';

const GATEWAY = fileURLToPath(new URL('../../api-gateway/dist/main.js', import.meta.url));
const PASSWORD = 'correct horse';

let redis: RedisServer;
let store: RunningApp;
let gateway: RunningApp;
let adminPassword: string;

beforeAll(async () => {
  redis = await startRedis();
  const env = { REDIS_URL: redis.url, SLUICE_AUTH_MODE: 'strict', SLUICE_API_GATEWAY_PTG_PORT: 'off' };
  const { stdout } = await promisify(execFile)(process.execPath, [GATEWAY, '--first-start'], {
    env: { ...env, PATH: process.env['PATH'], NODE_OPTIONS: '' },
  });
  ({ password: adminPassword } = JSON.parse(stdout) as { password: string });
  store = await startApp('stream-store', env);
  gateway = await startApp('api-gateway', { ...env, SLUICE_STREAM_STORE_URL: store.url });
});
afterAll(async () => {
  await gateway.kill();
  await store.kill();
  await redis.stop();
});
beforeEach(() => logIn('admin', adminPassword));

const sluice = (args: readonly string[], input = ''): Promise<Outcome> => run(args, gateway.url, input);

async function logIn(user: string, password: string): Promise<void> {
  const { code, err } = await sluice(['login', user], `${password}\n`);
  expect([code, err]).toEqual([0, expect.stringContaining(`logged in to ${gateway.url} as ${user}, until 20`)]);
}

async function succeed(args: readonly string[], input = ''): Promise<Outcome> {
  const outcome = await sluice(args, input);
  expect([args, outcome.code, outcome.err.includes('sluice:')]).toEqual([args, 0, false]);
  return outcome;
}

const lines = (out: Buffer): Record<string, unknown>[] =>
  out
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('login', () => {
  it('makes every other command speak for the user, until logout', async () => {
    expect((await succeed(['whoami'])).out.toString()).toBe('admin  (strict mode)\n  admin\n');
    const stream = uniqueName();
    await succeed(['push', stream, 'x']);
    await succeed(['push', stream, 'y', '--rest']);
    expect(
      (await succeed(['pull', stream, '--from', 'start', '--count', '2', '--format', 'text'])).out.toString(),
    ).toBe('x\ny\n');
    await succeed(['logout']);
    const { code, err } = await sluice(['push', stream, 'z']);
    expect([code, err]).toEqual([4, expect.stringContaining('"sluice login" asks for a name and a password')]);
    expect((await succeed(['logout'])).err).toContain('nobody is logged in');
  });

  it('keeps the token in a file that nobody else may read, and never the password', async () => {
    const folder = join(CONFIG_FOLDER, 'sluice', 'tokens');
    const [file = ''] = await readdir(folder);
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, file), 'utf8')).not.toContain(adminPassword);
  });

  it('revokes the token at logout: a copy of it is worth nothing', async () => {
    const folder = join(CONFIG_FOLDER, 'sluice', 'tokens');
    const [file = ''] = await readdir(folder);
    const { token } = JSON.parse(await readFile(join(folder, file), 'utf8')) as { token: string };
    await succeed(['--token', token, 'whoami']);
    await succeed(['logout']);
    expect((await sluice(['--token', token, 'whoami'])).code).toBe(4);
  });

  it('with a wrong password says so, and keeps what was there', async () => {
    const { code, err } = await sluice(['login', 'admin'], 'wrong\n');
    expect([code, err]).toEqual([4, expect.stringContaining('Incorrect username or password')]);
    expect((await succeed(['whoami'])).out.toString()).toContain('admin');
  });

  it('without a password is a wrong command line', async () => {
    const { code, err } = await sluice(['login', 'admin']);
    expect([code, err]).toEqual([2, expect.stringContaining('password of admin')]);
  });
});

describe('user', () => {
  it('adds, lists, narrows and removes', async () => {
    const name = uniqueName('user');
    await succeed(['user', 'add', name, '--scope', 'stream:read', 'stream:write=cam1:*'], `${PASSWORD}\n`);
    const { out } = await succeed(['user', 'list', '--json']);
    expect(lines(out)).toContainEqual(
      expect.objectContaining({ name, scopes: ['stream:read', 'stream:write=cam1:*'] }),
    );
    expect((await succeed(['user', 'list'])).out.toString()).toMatch(
      new RegExp(`^${name} +\\d{4}-\\d\\d-\\d\\d +stream:read stream:write=cam1:\\*$`, 'm'),
    );
    await succeed(['user', 'scopes', name, 'stream:write=cam2:*']);
    await logIn(name, PASSWORD);
    await succeed(['push', 'cam2:x', 'y']);
    expect(await sluice(['push', 'cam1:x', 'y', '--rest'])).toMatchObject({
      code: 4,
      err: expect.stringContaining('not allow'),
    });
    expect((await sluice(['user', 'list'])).code).toBe(4);
    await logIn('admin', adminPassword);
    await succeed(['user', 'scopes', name, '--none']);
    await succeed(['user', 'remove', name]);
    expect((await sluice(['login', name], PASSWORD)).code).toBe(4);
  });

  it("sets one's own password with the present one, and another's without", async () => {
    const name = uniqueName('user');
    await succeed(['user', 'add', name], `${PASSWORD}\n`);
    await succeed(['user', 'passwd', name], 'set by the admin\n');
    await logIn(name, 'set by the admin');
    expect((await sluice(['user', 'passwd'], `wrong\n${PASSWORD}\n`)).err).toContain('not the present password');
    await succeed(['user', 'passwd'], `set by the admin\n${PASSWORD}\n`);
    expect((await sluice(['whoami'])).code).toBe(4);
    await logIn(name, PASSWORD);
  });

  it('refuses what cannot be, in words that help', async () => {
    const name = uniqueName('user');
    expect(await sluice(['user', 'add', name], 'short\n')).toMatchObject({
      code: 4,
      err: expect.stringContaining('at least 8 characters'),
    });
    expect(await sluice(['user', 'add', name, '--scope', 'stream:all'], `${PASSWORD}\n`)).toMatchObject({
      code: 4,
      err: expect.stringContaining('stream:all'),
    });
    expect(await sluice(['user', 'scopes', name])).toMatchObject({ code: 2, err: expect.stringContaining('--none') });
  });
});

describe('key', () => {
  it('is printed alone, works as a token, shows its use, and ends when it is revoked', async () => {
    const name = uniqueName('key');
    const { out } = await succeed(['key', 'create', name, '--scope', 'stream:*=cam3:*']);
    const secret = out.toString().trim();
    expect(secret).toMatch(/^sluice_[\w-]{43}$/);
    await succeed(['--token', secret, 'push', 'cam3:x', 'y']);
    expect((await sluice(['--token', secret, 'push', 'cam4:x', 'y', '--rest'])).code).toBe(4);
    const listed = lines((await succeed(['key', 'list', '--json'])).out);
    expect(listed).toContainEqual(expect.objectContaining({ name, owner: 'admin' }));
    expect(JSON.stringify(listed)).not.toContain(secret);
    expect((await succeed(['key', 'list'])).out.toString()).toContain(name);
    await succeed(['key', 'revoke', name]);
    expect((await sluice(['--token', secret, 'whoami'])).code).toBe(4);
  });
});

describe('audit', () => {
  it('shows what happened, newest first', async () => {
    const name = uniqueName('user');
    await succeed(['user', 'add', name], `${PASSWORD}\n`);
    const { out } = await succeed(['audit', '--json', '--count', '1']);
    expect(lines(out)).toMatchObject([{ event: 'user-added', subject: 'admin', details: { user: name } }]);
    expect((await succeed(['audit'])).out.toString()).toMatch(new RegExp(`user-added +admin +user=${name}`));
  });
});

it('--version is that of the package', async () => {
  const { code, out } = await sluice(['--version']);
  expect([code, out.toString()]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});

it('a pull goes on with the token of a new log-in after the old one has ended', async () => {
  const stream = uniqueName();
  const pull = start(['pull', stream, '--from', 'start', '--format', 'text', '--count', '2'], gateway.url);
  await succeed(['push', stream, 'before']);
  await succeed(['logout']);
  await logIn('admin', adminPassword);
  await succeed(['push', stream, 'after']);
  pull.stdin.end();
  expect((await pull.done).out.toString()).toBe('before\nafter\n');
});
