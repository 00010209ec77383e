import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isAlive, signalGroup } from '../setup/processes.mjs';
import { PidNotes } from './pids.mjs';

let folder;
const started = [];

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-pids-'));
});

after(() => {
  for (const pid of started) signalGroup(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Runs an owner that notes a process which outlives it, prints its id, and is killed. */
async function orphan(name, ignoresTerm = false) {
  const script = `
    import { spawn } from 'node:child_process';
    import { PidNotes } from ${JSON.stringify(join(import.meta.dirname, 'pids.mjs'))};
    const script = 'setInterval(() => {}, 1000); console.log("up")' + (${ignoresTerm} ? '; process.on("SIGTERM", () => {})' : '');
    const child = spawn(process.execPath, ['-e', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => {
      new PidNotes(${JSON.stringify(folder)}).write(${JSON.stringify(name)}, child.pid);
      console.log(child.pid);
    });`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [data] = await once(owner.stdout, 'data');
  const pid = Number(String(data));
  started.push(pid);
  return { owner, pid };
}

test('processes of a killed owner are ended and named', async () => {
  const { owner, pid } = await orphan('left-over');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  assert.equal(isAlive(pid), true);
  const notes = new PidNotes(folder);
  assert.deepEqual(await notes.reap(), [`left-over (${pid})`]);
  assert.equal(isAlive(pid), false);
  assert.deepEqual(await notes.reap(), []);
});

test('one that ignores SIGTERM is killed', async () => {
  const { owner, pid } = await orphan('stubborn', true);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await new PidNotes(folder).reap(50);
  assert.equal(isAlive(pid), false);
});

test('processes of an owner that still runs are left alone', async () => {
  const { owner, pid } = await orphan('in-use');
  assert.deepEqual(await new PidNotes(folder).reap(), []);
  assert.equal(isAlive(pid), true);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  await new PidNotes(folder).reap();
});

test('a process that only has the id of a noted one is left alone', async () => {
  const { owner, pid } = await orphan('reused');
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  const notes = new PidNotes(folder);
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  started.push(stranger.pid);
  signalGroup(pid, 'SIGKILL');
  const path = join(folder, 'reused.pid');
  writeFileSync(path, readFileSync(path, 'utf8').replace(`"pid":${pid}`, `"pid":${stranger.pid}`));
  assert.deepEqual(await notes.reap(), []);
  assert.equal(isAlive(stranger.pid), true);
});

test('a note tells whether its process still runs', () => {
  const notes = new PidNotes(folder);
  notes.write('self', process.pid);
  assert.equal(notes.running('self').pid, process.pid);
  notes.remove('self');
  assert.equal(notes.running('self'), null);
});
