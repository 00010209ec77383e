import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { say, style } from '../setup/progress.mjs';
import { profileFolder } from './stage.mjs';

const shown = 30;
const idle = new Set(['(idle)', '(program)', '(root)']);

/** Profiles written since `startedAt`. */
export function newProfiles(startedAt) {
  return readdirSync(profileFolder())
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => join(profileFolder(), name))
    .filter((path) => statSync(path).mtimeMs >= startedAt);
}

/** Prints where a CPU profile is and the functions that took most of the time themselves, as shares of the time that was not idle. */
export function printProfile(file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const self = new Map();
  let busy = 0;
  samples.forEach((id, index) => {
    const frame = byId.get(id);
    if (idle.has(frame.functionName) && frame.functionName !== '(program)') return;
    busy += timeDeltas[index];
    const name = placeOf(frame);
    self.set(name, (self.get(name) ?? 0) + timeDeltas[index]);
  });
  say(
    `\n${style.bold('profile of stream-store')} ${file} (open it in a browser’s developer tools), ${(busy / 1e6).toFixed(1)} s busy`,
  );
  const sorted = [...self].toSorted(([, left], [, right]) => right - left).slice(0, shown);
  for (const [name, micros] of sorted) say(`${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${name}`);
}

function placeOf({ functionName, url, lineNumber }) {
  const file = url
    .replace('file://', '')
    .replace(`${root}/`, '')
    .replace(/^.*node_modules\//, '');
  return `${functionName || '(anonymous)'}${file ? `  ${file}:${lineNumber + 1}` : ''}`;
}
