import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from './command.mjs';
import { hasPackages } from './packages.mjs';
import { root } from './paths.mjs';

let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the set-up with an environment of its own, and a state folder that holds nothing yet. */
function setUp(env) {
  const clean = { ...process.env, SLUICE_STATE_DIR: folder, REDIS_URL: '', ...env };
  return run(process.execPath, [join(root, 'tools/setup.mjs')], { env: clean, timeoutMs: 120_000 });
}

function program(name, answer) {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a server that is asked for by name is used', async () => {
  const bin = program('fine', 'Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64 build=0');
  const { code, output } = await setUp({ SLUICE_REDIS_BIN: bin });
  assert.equal(code, 0, output);
  assert.ok(output.includes(`Redis 7.2.4 (SLUICE_REDIS_BIN: ${bin})`), output);
});

test('Valkey serves as well', async () => {
  const bin = program('valkey', 'Valkey server v=8.1.0 sha=00000000:0 malloc=libc bits=64 build=0');
  assert.match((await setUp({ SLUICE_REDIS_BIN: bin })).output, /Valkey 8\.1\.0/);
});

test('one that is too old, or no Redis at all, is refused by name', async () => {
  const old = program('old', 'Redis server v=6.2.14 sha=00000000:0 malloc=libc bits=64 build=0');
  const tooOld = await setUp({ SLUICE_REDIS_BIN: old });
  assert.equal(tooOld.code, 1);
  assert.match(tooOld.output, /old is version 6\.2\.14; Redis 7\.0 or newer is needed/);
  const stranger = await setUp({ SLUICE_REDIS_BIN: program('stranger', 'hello') });
  assert.equal(stranger.code, 1);
  assert.match(stranger.output, /stranger is not a Redis or Valkey server/);
});

test('where there is none at all, what to install is said', async () => {
  const { code, output } = await setUp({ PATH: folder, SLUICE_REDIS_BIN: '' });
  assert.equal(code, 1);
  assert.match(
    output,
    /apt-get install valkey-server[^]*dnf install valkey[^]*brew install valkey[^]*SLUICE_REDIS_BIN/,
  );
});

const needsPackages = 'a server is unpacked from the system’s packages without root, and runs';
if (!hasPackages()) void test.skip(`${needsPackages} (skipped: no apt-get here)`);
else {
  test(needsPackages, async (context) => {
    const { code, output } = await setUp({ SLUICE_REDIS_BIN: 'packages' });
    // Without a network the package lists cannot be read, which is no fault of ours.
    if (/apt-get update failed/.test(output)) {
      context.skip('the system’s package lists cannot be reached');
      return;
    }
    assert.equal(code, 0, output);
    const [, bin] = /\(packages: (.*)\)/.exec(output);
    assert.ok(bin.startsWith(folder), bin);
    assert.match((await run(bin, ['--version'])).output, /^(Redis|Valkey) server v=\d+/);
    const again = await setUp({ SLUICE_REDIS_BIN: 'packages' });
    assert.doesNotMatch(again.output, /package lists/);
  });
}
