import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from '@jest/globals';
import { sharedRedisUrl, startRedis, waitFor, type RedisServer } from '../src/index.js';

let server: RedisServer | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

describe('a real Redis server', () => {
  test('answers on its url and leaves no directory behind when stopped', async () => {
    server = await startRedis();
    expect(await server.command('PING')).toBe('PONG');
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    await server.stop();
    expect(existsSync(server.dir)).toBe(false);
    expect(server.isRunning).toBe(false);
  });

  test('has its data again on the same port after a kill and a restart, with appendfsync always', async () => {
    server = await startRedis({ appendonly: true, appendfsync: 'always' });
    const { port } = server;
    await server.command('XADD', 's', '1-1', 'd', 'x');
    await server.kill('SIGKILL');
    await expect(server.command('PING')).rejects.toThrow();
    await server.restart();
    expect(server.port).toBe(port);
    expect(await server.command('XLEN', 's')).toBe(1);
  });

  test('refuses writes when maxmemory is reached', async () => {
    server = await startRedis({ maxmemory: '1kb' });
    await expect(server.command('SET', 'a', 'b')).rejects.toThrow('OOM');
  });

  test('says what the server said when it cannot start', async () => {
    await expect(startRedis({ args: ['--no-such-option', '1'] })).rejects.toThrow('ended at its start');
  });

  test('does not outlive a test process that was killed', async () => {
    const source = `
      import { startRedis } from '${new URL('../dist/index.js', import.meta.url).href}';
      const server = await startRedis();
      process.send({ pid: server.pid, dir: server.dir });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const { pid, dir } = await new Promise<{ pid: number; dir: string }>((resolve) => child.once('message', resolve));
    child.kill('SIGKILL');
    await waitFor(() => !existsSync(`/proc/${pid}`) && !existsSync(dir), { message: `the end of process ${pid}` });
  });

  test('is shared by its url', async () => {
    expect(await sharedRedisUrl()).toBe(await sharedRedisUrl());
  });
});
