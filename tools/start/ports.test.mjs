import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { assertPortsFree, freePort } from './ports.mjs';

async function taken() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: server.address().port };
}

const wanted = (port, name = 'stream-store') => ({
  name,
  host: '127.0.0.1',
  port,
  variable: 'SLUICE_STREAM_STORE_PORT',
});

test('a busy port is named with its holder and the setting that moves it to a free one', async () => {
  const { server, port } = await taken();
  const error = await assertPortsFree([wanted(port)]).catch((reason) => reason);
  server.close();
  assert.match(error.message, new RegExp(`^port ${port} \\(stream-store\\) is taken`));
  if (process.platform === 'linux') assert.match(error.message, new RegExp(`by process ${process.pid} \\(.*node`));
  const [, advised] = /SLUICE_STREAM_STORE_PORT=(\d+) npm start/.exec(error.message);
  await assertPortsFree([wanted(Number(advised))]);
});

test('every busy port is named at once', async () => {
  const one = await taken();
  const two = await taken();
  const error = await assertPortsFree([wanted(one.port), wanted(two.port, 'api-gateway')]).catch((reason) => reason);
  one.server.close();
  two.server.close();
  assert.match(error.message, new RegExp(`port ${one.port} \\(stream-store\\)[^]*port ${two.port} \\(api-gateway\\)`));
});

test('a complaint is one line, whatever the command line of the holder holds', async () => {
  const program = `\n\nrequire('net').createServer().listen(0, '127.0.0.1', function () {\nconsole.log(this.address().port); })`;
  const holder = spawn(process.execPath, ['-e', program]);
  const port = Number((await once(holder.stdout, 'data')).toString());
  const error = await assertPortsFree([wanted(port)]).catch((reason) => reason);
  holder.kill();
  assert.equal(error.message.split('\n').length, 1);
});

test('free ports pass', async () => {
  await assertPortsFree([wanted(await freePort()), wanted(await freePort(), 'api-gateway')]);
});

test('one port for two apps is refused before either is started', async () => {
  const port = await freePort();
  await assert.rejects(
    assertPortsFree([wanted(port), wanted(port, 'api-gateway')]),
    /asked for by stream-store and by api-gateway/,
  );
});

test('an address of another machine is refused by the name of its setting', async () => {
  await assert.rejects(
    assertPortsFree([{ ...wanted(1234), host: '192.0.2.1' }]),
    /SLUICE_HOST=192\.0\.2\.1 is no address of this machine/,
  );
});

test('an address of another machine is said once, however many apps were to listen there', async () => {
  const both = [wanted(1234), wanted(1235, 'api-gateway')].map((app) => ({ ...app, host: '192.0.2.1' }));
  const error = await assertPortsFree(both).catch((reason) => reason);
  assert.equal(error.message, 'SLUICE_HOST=192.0.2.1 is no address of this machine');
});
