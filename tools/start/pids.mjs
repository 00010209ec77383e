import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stateFolder } from '../setup/paths.mjs';
import { isAlive, signalGroup, startMark } from '../setup/processes.mjs';

/**
 * Notes of which processes were started by whom, one file each in `.sluice/run`, so that a later run can end those whose
 * starter was killed. A process counts as the noted one only when its start time is the same too.
 */
export class PidNotes {
  constructor(folder = stateFolder('run')) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Notes a process under a name of its own; the owner is this process. */
  write(name, pid) {
    const note = { name, pid, mark: startMark(pid), owner: process.pid, ownerMark: startMark(process.pid) };
    writeFileSync(this.#path(name), JSON.stringify(note));
  }

  remove(name) {
    rmSync(this.#path(name), { force: true });
  }

  /** The note of a name when its process still runs, else `null`. */
  running(name) {
    return this.#all().find((note) => note.name === name && isSame(note.pid, note.mark)) ?? null;
  }

  /**
   * Ends every noted process whose owner is gone: SIGTERM, and SIGKILL for what is left after `graceMs`. Resolves with their
   * names once none is left.
   */
  async reap(graceMs = 3000) {
    const stale = this.#all().filter((note) => !isSame(note.owner, note.ownerMark));
    const left = stale.filter((note) => isSame(note.pid, note.mark));
    for (const { pid } of left) signalGroup(pid, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (left.some((note) => isSame(note.pid, note.mark))) {
      if (Date.now() > deadline) for (const { pid } of left) signalGroup(pid, 'SIGKILL');
      await delay(20);
    }
    for (const { name } of stale) this.remove(name);
    return left.map(({ name, pid }) => `${name} (${pid})`);
  }

  #all() {
    return readdirSync(this.folder)
      .filter((file) => file.endsWith('.pid'))
      .flatMap((file) => readNote(join(this.folder, file)));
  }

  #path(name) {
    return join(this.folder, `${name}.pid`);
  }
}

function isSame(pid, mark) {
  return isAlive(pid) && startMark(pid) === mark;
}

function readNote(path) {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8'));
    return Number.isInteger(note.pid) && note.pid > 1 ? [note] : [];
  } catch {
    return [];
  }
}
