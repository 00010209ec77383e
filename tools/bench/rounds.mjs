import { MeasurementFailure } from './workers.mjs';

/** Cores that others may use for a sample to count as undisturbed. */
const undisturbedCores = 0.3;
const warmUpSeconds = 0.5;
const limitShare = 0.7;

/**
 * Runs a group in rounds: its limits, its lines, its limits again. Resolves with one result per line: `{ line, value, limit, ratio, met, costs,
 * disturbed, failure }`, where
 * value and limit are medians over the rounds that others did not disturb (over all, where they disturbed every one).
 */
export async function runGroup(group, { stage, rounds, seconds, onStep, spans = [] }) {
  const limits = new Map(Object.entries(group.limits));
  const runs = new Map();
  const step = async (key, title, measure, duration) => {
    if (runs.get(key)?.failure) return;
    onStep(title);
    const run = runs.get(key) ?? { samples: [], failure: null };
    runs.set(key, run);
    const span = { title, from: microseconds() };
    try {
      run.samples.push(await measured(stage, measure, duration));
      spans.push({ ...span, to: microseconds() });
    } catch (error) {
      if (!(error instanceof MeasurementFailure)) throw error;
      run.failure = error.message;
    }
    await stage.clean();
  };
  const allLimits = async (round) => {
    for (const [key, { title, measure }] of limits) await step(key, `${title}${round}`, measure, seconds * limitShare);
  };
  const measures = new Map(group.lines.map((line) => [line.measure, line.title]));
  const total = Math.min(rounds, group.rounds ?? rounds);
  await warmUp(measures, step, group);
  for (const [key, { failure }] of runs) if (!failure) runs.delete(key);
  for (let round = 1; round <= total; round += 1) {
    const suffix = total > 1 ? ` (${round} of ${total})` : '';
    await allLimits(suffix);
    for (const [measure, title] of measures) await step(measure, `${title}${suffix}`, measure, seconds);
    await allLimits(suffix);
  }
  return group.lines.map((line) => conclude(line, runs.get(line.measure), line.limit && runs.get(line.limit), limits));
}

/** The clock that CPU profiles use. */
function microseconds() {
  return Number(process.hrtime.bigint() / 1000n);
}

/** One short run of each limit and line first: what has just started has not compiled its hot path yet. */
async function warmUp(measures, step, group) {
  if (group.rounds === 1) return;
  for (const [key, { title, measure }] of Object.entries(group.limits)) {
    await step(key, `${title} (warming up)`, measure, warmUpSeconds);
  }
  for (const [measure, title] of measures) await step(measure, `${title} (warming up)`, measure, warmUpSeconds);
}

async function measured(stage, measure, seconds) {
  const [sample, failure] = await measure(stage, seconds).then(
    (value) => [value, null],
    (error) => [null, error],
  );
  const crashes = await stage.crashes();
  if (crashes.length > 0) throw new MeasurementFailure(crashes.join('; '), { cause: failure });
  if (failure) throw failure;
  return sample;
}

function conclude(line, run, limitRun, limits) {
  const { value = rateOf } = line;
  const failure = run?.failure ?? limitRun?.failure ?? null;
  if (failure) return { line, failure };
  const typical = median(run.samples, value);
  const limit = limitRun ? median(limitRun.samples, value) : null;
  const ratio = limit ? typical.value / limit.value : null;
  return {
    line,
    failure: null,
    value: typical.value,
    limit: limit?.value ?? null,
    limitTitle: line.limit ? limits.get(line.limit).title : null,
    ratio,
    met: isMet(line, ratio ?? typical.value),
    disturbed: typical.disturbed || (limit?.disturbed ?? false),
    costs: costsOf(typical.sample),
    limitCosts: limit ? costsOf(limit.sample) : {},
    samples: run.samples.map(value),
    limitSamples: limitRun?.samples.map(value) ?? [],
  };
}

function isMet({ target, atMost = false }, reached) {
  if (target === null) return null;
  return atMost ? reached <= target : reached >= target;
}

/** CPU microseconds per message of each process. */
function costsOf({ cpu, count }) {
  return Object.fromEntries(Object.entries(cpu).map(([name, seconds]) => [name, (seconds / count) * 1e6]));
}

function rateOf({ rate }) {
  return rate;
}

/** The median and the sample that it came from. */
function median(samples, value) {
  const quiet = samples.filter(({ others }) => others < undisturbedCores);
  const sorted = (quiet.length > 0 ? quiet : samples).toSorted((left, right) => value(left) - value(right));
  const sample = sorted[Math.floor((sorted.length - 1) / 2)];
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)];
  return { sample, value: (value(sample) + value(upper)) / 2, disturbed: quiet.length === 0 };
}
