import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { say, style } from '../setup/progress.mjs';
import { profileFolder } from './stage.mjs';

const shown = 25;
const leastShare = 0.005;

/** Profiles written since `startedAt`. */
export function newProfiles(startedAt) {
  return readdirSync(profileFolder())
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => join(profileFolder(), name))
    .filter((path) => statSync(path).mtimeMs >= startedAt);
}

/**
 * Prints where a CPU profile is and, for each measured line, the functions that took most of the time themselves, as shares of the
 * time in which the process was not idle. `spans` says when each line ran: `{ title, from, to }` in microseconds of the monotonic clock.
 */
export function printProfile(file, spans, results) {
  const profile = JSON.parse(readFileSync(file, 'utf8'));
  say(`\n${style.bold('CPU profile')} ${file} (for a browser’s developer tools)`);
  for (const { line } of results) {
    const ran = spans.filter(({ title }) => title.startsWith(line.title) && !title.endsWith('(warming up)'));
    const { self, busy } = selfTimes(profile, ran);
    if (busy === 0) continue;
    say(`\n${style.bold(line.title)}: ${(busy / 1e6).toFixed(1)} s busy`);
    const sorted = [...self].toSorted(([, left], [, right]) => right - left).slice(0, shown);
    for (const [name, micros] of sorted) {
      if (micros / busy > leastShare) say(`${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${name}`);
    }
  }
}

function selfTimes({ nodes, samples, timeDeltas, startTime }, spans) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const self = new Map();
  let busy = 0;
  let now = startTime;
  samples.forEach((id, index) => {
    const before = now;
    now += timeDeltas[index];
    const frame = byId.get(id);
    if (frame.functionName === '(idle)' || !spans.some(({ from, to }) => before >= from && now <= to)) return;
    busy += timeDeltas[index];
    const name = placeOf(frame);
    self.set(name, (self.get(name) ?? 0) + timeDeltas[index]);
  });
  return { self, busy };
}

function placeOf({ functionName, url, lineNumber }) {
  const file = url
    .replace('file://', '')
    .replace(`${root}/`, '')
    .replace(/^.*node_modules\//, '');
  return `${functionName || '(anonymous)'}${file ? `  ${file}:${lineNumber + 1}` : ''}`;
}
