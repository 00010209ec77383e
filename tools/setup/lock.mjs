import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stateFolder } from './paths.mjs';
import { isAlive, startMark } from './processes.mjs';
import { say } from './progress.mjs';

const pollMs = 200;

/**
 * Runs `work` while no other process of this checkout runs work of the same name; a second one waits and says for whom.
 * A lock whose holder has died is taken over.
 */
export async function withLock(name, work) {
  const path = join(stateFolder('run'), `${name}.lock`);
  const mine = `${process.pid} ${startMark(process.pid)}`;
  let told = false;
  while (!tryTake(path, mine)) {
    const holder = read(path);
    if (holder === null) continue;
    const [pid, mark] = splitOnce(holder);
    if (!isAlive(Number(pid)) || startMark(Number(pid)) !== mark) {
      discard(path, holder);
      continue;
    }
    if (!told) say(`waiting for another ${name} (process ${pid}) to end …`);
    told = true;
    await delay(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** A hard link appears with its content, so nobody reads a half-written lock. */
function tryTake(path, content) {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a dead holder's lock; one that somebody else took over in between is put back. */
function discard(path, expected) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) === expected) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function splitOnce(text) {
  const space = text.indexOf(' ');
  return [text.slice(0, space), text.slice(space + 1)];
}
