import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** The checkout's root, without a trailing slash. */
export const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');

/** Everything that Sluice makes at run time: data, logs, pid files, an unpacked Redis. By default `.sluice`, which git ignores. */
export const stateDir = process.env.SLUICE_STATE_DIR ? resolve(process.env.SLUICE_STATE_DIR) : join(root, '.sluice');

/** A path inside the state folder, as a person would name it from the project's root. */
export const inState = (name) => {
  const near = relative(root, join(stateDir, name));
  return near.startsWith('..') ? join(stateDir, name) : near;
};

/** A folder inside the state folder, made when it is missing. */
export function stateFolder(name) {
  const path = join(stateDir, name);
  mkdirSync(path, { recursive: true });
  return path;
}
