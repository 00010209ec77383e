import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from './command.mjs';

let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a process that does `work` (statements) while it holds the lock. */
function hold(work) {
  const script = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.mjs'))};
    const note = (word) => appendFileSync(${JSON.stringify(join(folder, 'notes'))}, word + process.pid + '\\n');
    await withLock('work', async () => { ${work} });`;
  return run(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, SLUICE_STATE_DIR: folder },
  });
}

test('work of one name is done by one process at a time, and every waiting one gets its turn', async () => {
  const results = await Promise.all([1, 2, 3, 4].map(() => hold(`note('in '); await delay(50); note('out ');`)));
  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0, 0, 0],
  );
  const notes = readFileSync(join(folder, 'notes'), 'utf8').trim().split('\n');
  assert.equal(notes.length, 8);
  for (let index = 0; index < notes.length; index += 2)
    assert.equal(notes[index + 1], notes[index].replace('in', 'out'));
});

test('the lock of a killed process is taken over', async () => {
  const killed = await hold(`process.kill(process.pid, 'SIGKILL');`);
  assert.equal(killed.signal, 'SIGKILL');
  assert.equal((await hold('')).code, 0);
});

test('a lock is given back when the work fails', async () => {
  assert.notEqual((await hold(`throw new Error('boom');`)).code, 0);
  assert.equal((await hold('')).code, 0);
});
