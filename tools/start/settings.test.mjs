import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.mjs';
import { appEnvironment, appUrl, ptgUrl, readSettings, withoutPassword } from './settings.mjs';

test('everything is on loopback and at the documented ports unless told otherwise', () => {
  const settings = readSettings({});
  assert.equal(settings.host, '127.0.0.1');
  assert.deepEqual(settings.ports, {
    'stream-store': 8100,
    registry: 8300,
    'channel-gateway': 8200,
    'api-gateway': 8000,
  });
  assert.deepEqual(settings.redis, { port: 6789, durability: 'everysec', maxMemory: null });
});

test('the second door has a port of its own, or none', () => {
  assert.equal(ptgUrl(readSettings({})), 'http://127.0.0.1:7890');
  assert.equal(ptgUrl(readSettings({ SLUICE_API_GATEWAY_PTG_PORT: '7900' })), 'http://127.0.0.1:7900');
  assert.equal(ptgUrl(readSettings({ SLUICE_API_GATEWAY_PTG_PORT: 'off' })), null);
  assert.throws(() => readSettings({ SLUICE_API_GATEWAY_PTG_PORT: 'of' }), /PTG_PORT=of is not a port/);
});

test('--tls makes the front door https, with the given certificate or one made in the state folder', () => {
  const own = readSettings({}, readOptions(['--tls']));
  assert.equal(appUrl(own, 'api-gateway'), 'https://127.0.0.1:8000');
  assert.equal(ptgUrl(own), 'https://127.0.0.1:7890');
  assert.equal(appUrl(own, 'stream-store'), 'http://127.0.0.1:8100');
  const environment = appEnvironment(own, 'redis://x', {});
  assert.equal(environment.SLUICE_TLS, 'self-signed');
  assert.match(environment.SLUICE_TLS_FOLDER, /\/tls$/);

  const files = { SLUICE_TLS_CERT: '/a/cert.pem', SLUICE_TLS_KEY: '/a/key.pem' };
  for (const options of [['--tls'], []]) {
    const given = readSettings(files, readOptions(options));
    assert.equal(appUrl(given, 'api-gateway'), 'https://127.0.0.1:8000');
    assert.equal(appEnvironment(given, 'redis://x', files).SLUICE_TLS, undefined);
  }
  assert.equal(appUrl(readSettings({ SLUICE_TLS: 'self-signed' }), 'api-gateway'), 'https://127.0.0.1:8000');
  assert.equal(appUrl(readSettings({ SLUICE_TLS: 'off' }), 'api-gateway'), 'http://127.0.0.1:8000');
});

test('a wildcard address is reached on loopback', () => {
  assert.equal(appUrl(readSettings({ SLUICE_HOST: '0.0.0.0' }), 'api-gateway'), 'http://127.0.0.1:8000');
  assert.equal(appUrl(readSettings({ SLUICE_HOST: '::' }), 'api-gateway'), 'http://[::1]:8000');
});

test('settings that cannot be are refused by name and value', () => {
  for (const port of ['0', '65536', '80a', '1.5', '-1']) {
    assert.throws(
      () => readSettings({ SLUICE_API_GATEWAY_PORT: port }),
      new RegExp(`SLUICE_API_GATEWAY_PORT=${port} is not a port`),
    );
  }
  assert.equal(readSettings({ SLUICE_API_GATEWAY_PORT: '65535' }).ports['api-gateway'], 65535);
  assert.throws(() => readSettings({ SLUICE_DURABILITY: 'never' }), /SLUICE_DURABILITY=never is not known/);
  assert.throws(
    () => readSettings({ SLUICE_DURABILITY: 'replicas:1' }),
    /SLUICE_DURABILITY=replicas:1 needs .* REDIS_URL/,
  );
  assert.throws(() => readSettings({ SLUICE_REDIS_MAXMEMORY: 'lots' }), /SLUICE_REDIS_MAXMEMORY=lots is not a size/);
  assert.throws(() => readSettings({ SLUICE_REDIS_PROT: '1' }), /SLUICE_REDIS_PROT is no setting; .*SLUICE_REDIS_PORT/);
});

test('durability is for the apps to read when the server is given', () => {
  const env = { REDIS_URL: 'redis://x', SLUICE_DURABILITY: 'replicas:1' };
  assert.deepEqual(readSettings(env).redis, { url: 'redis://x' });
});

test('apps learn where the others are and do not see the tools’ own variables', () => {
  const env = {
    PATH: '/bin',
    SLUICE_REDIS_PORT: '7001',
    SLUICE_REDIS_BIN: 'packages',
    SLUICE_STREAM_STORE_PORT: '9100',
  };
  assert.deepEqual(appEnvironment(readSettings(env), 'redis://127.0.0.1:7001', env), {
    PATH: '/bin',
    SLUICE_AUTH_MODE: 'open',
    SLUICE_STREAM_STORE_PORT: '9100',
    SLUICE_STREAM_STORE_URL: 'http://127.0.0.1:9100',
    SLUICE_REGISTRY_URL: 'http://127.0.0.1:8300',
    SLUICE_CHANNEL_GATEWAY_URL: 'http://127.0.0.1:8200',
    REDIS_URL: 'redis://127.0.0.1:7001',
  });
});

test('the mode is that of --auth, else of the environment, and open without either', () => {
  assert.equal(readSettings({}).authMode, 'open');
  assert.equal(readSettings({ SLUICE_AUTH_MODE: 'strict' }).authMode, 'strict');
  const settings = readSettings({ SLUICE_AUTH_MODE: 'open' }, readOptions(['--auth', 'strict']));
  assert.equal(appEnvironment(settings, 'redis://x', { SLUICE_AUTH_MODE: 'open' }).SLUICE_AUTH_MODE, 'strict');
  assert.throws(() => readOptions(['--auth', 'lax']), /--auth lax: there are open and strict/);
});

test('passwords are not shown', () => {
  assert.equal(withoutPassword('redis://me:secret@a:1,rediss://:secret@b:2'), 'redis://me:***@a:1,rediss://:***@b:2');
  assert.equal(withoutPassword('redis://a:6379/0'), 'redis://a:6379/0');
});

test('the command line is read, and what is unknown is named', () => {
  assert.deepEqual(
    readOptions(['--only', 'api-gateway']).apps.map((app) => app.name),
    ['api-gateway'],
  );
  assert.equal(readOptions(['--demo']).demo, true);
  assert.throws(() => readOptions(['--onyl', 'x']), /--onyl/);
  assert.throws(() => readOptions(['stray']), /stray/);
  assert.throws(
    () => readOptions(['--only', 'gateway']),
    /there is no app "gateway"; the apps are stream-store, registry, channel-gateway, api-gateway/,
  );
  assert.throws(() => readOptions(['--demo', '--only', 'stream-store']), /--demo .* needs every app/);
});
