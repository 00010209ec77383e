import { writeFileSync } from 'node:fs';
import { onLauncherDeath } from '../setup/node.mjs';
import { Refusal, say, style } from '../setup/progress.mjs';
import { machine } from './cpu.mjs';
import { groups } from './lines.mjs';
import { newProfiles, printProfile } from './profile.mjs';
import { writeDocs } from './report.mjs';
import { runGroup } from './rounds.mjs';
import { Stage } from './stage.mjs';
import { printHead, printRows } from './table.mjs';

/** Runs what `options` choose, prints the table, and leaves no process behind. The exit code is 1 when a line failed. */
export async function runBench(redis, options) {
  const chosen = choose(options);
  if (options.list) return printTitles(chosen);
  const stage = new Stage(redis, options);
  stopOnSignals(stage);
  const startedAt = Date.now();
  const surroundings = describe(redis, options);
  say(style.dim(Object.values(surroundings).join(' · ')));
  const results = [];
  const spans = [];
  try {
    await stage.start();
    printHead();
    for (const group of chosen) {
      const done = await runGroup(group, { ...options, stage, onStep: showStep, spans });
      hideStep();
      printRows(done);
      results.push(...done);
    }
  } finally {
    hideStep();
    await stage.stop();
  }
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  conclude(results, seconds);
  if (options.json) writeFileSync(options.json, JSON.stringify({ surroundings, seconds, results }, null, 2));
  if (options.docs) say(`written: ${writeDocs(surroundings, seconds, results)}`);
  if (options.profile) for (const file of newProfiles(startedAt)) printProfile(file, spans, results);
}

function choose({ only, straight }) {
  const isWanted = (line) => (only === null || only.test(line.title)) && !(straight && line.straightIsLimit);
  const chosen = groups
    .map((group) => withLines(group, group.lines.filter(isWanted)))
    .filter(({ lines }) => lines.length > 0);
  if (chosen.length === 0)
    throw new Refusal(`--only ${only.source} fits no line. See them: npm run bench -- --list`, { exitCode: 2 });
  return chosen;
}

function withLines(group, lines) {
  const used = new Set(lines.map(({ limit }) => limit));
  return { ...group, lines, limits: Object.fromEntries(Object.entries(group.limits).filter(([key]) => used.has(key))) };
}

function printTitles(chosen) {
  for (const { lines } of chosen) for (const { title } of lines) say(title);
}

/** What the figures depend on. */
function describe(redis, { aof, straight, rounds, seconds }) {
  const { cores, model } = machine();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${model}, ${cores} cores`,
    node: `Node ${process.versions.node}`,
    redis: `${redis.name} ${redis.version}, append-only file ${aof ? 'on (everysec)' : 'off'}`,
    way: straight ? 'straight to stream-store' : 'through the gateway',
    effort: `${rounds} rounds of ${seconds} s`,
  };
}

function conclude(results, seconds) {
  const count = (test) => results.filter(test).length;
  const failed = count(({ failure }) => failure);
  const words = [
    `${count(({ met }) => met === true)} ok`,
    `${count(({ met }) => met === false)} below`,
    `${failed} failed`,
  ];
  const disturbed = count((result) => result.disturbed);
  if (disturbed > 0) words.push(`${disturbed} disturbed by other programs (~)`);
  say(`\n${words.join(', ')}; ${seconds} s`);
  if (failed > 0) process.exitCode = 1;
}

function stopOnSignals(stage) {
  let isStopping = false;
  const stop = async (code) => {
    if (isStopping) process.exit(code);
    isStopping = true;
    hideStep();
    await stage.stop();
    process.exit(code);
  };
  process.on('SIGINT', () => void stop(130));
  process.on('SIGTERM', () => void stop(143));
  process.on('SIGHUP', () => void stop(129));
  onLauncherDeath(() => void stop(143));
}

function showStep(title) {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${style.dim(title)}`);
}

function hideStep() {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
}
