import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runGroup } from './rounds.mjs';
import { MeasurementFailure } from './workers.mjs';

const stage = { clean: async () => {}, crashes: async () => [] };
const options = { stage, seconds: 1, onStep: () => {} };

/** A measure that gives these rates in turn, the first of them to the warm-up. */
function rates(...values) {
  const left = values.map((value) => (typeof value === 'number' ? { rate: value, others: 0 } : value));
  return async () => ({ cpu: { service: 0.5 }, count: 1000, ...left.shift() });
}

const groupOf = (measure, limit, line = {}) => ({
  limits: { limit: { title: 'a limit', measure: limit } },
  lines: [{ title: 'a line', measure, limit: 'limit', target: 0.5, ...line }],
});

test('value and limit are medians of the rounds, the warm-up left out', async () => {
  const group = groupOf(rates(1, 60, 40, 50), rates(9, 100, 100, 90, 110, 100, 300));
  const [result] = await runGroup(group, { ...options, rounds: 3 });
  assert.deepEqual([result.value, result.limit, result.ratio, result.met], [50, 100, 0.5, true]);
  assert.deepEqual([result.disturbed, result.costs], [false, { service: 500 }]);
});

test('rounds that others disturbed count only where there are no others, and the line is marked', async () => {
  const quiet = groupOf(rates(1, { rate: 10, others: 1 }, 50), rates(9, 100, 100, 100, 100));
  assert.equal((await runGroup(quiet, { ...options, rounds: 2 }))[0].value, 50);
  const loud = groupOf(rates(1, { rate: 10, others: 1 }, { rate: 20, others: 1 }), rates(9, 100, 100, 100, 100));
  const [result] = await runGroup(loud, { ...options, rounds: 2 });
  assert.deepEqual([result.value, result.disturbed, result.met], [15, true, false]);
});

test('a line that failed once has no figure, and does not stop the others', async () => {
  const failing = async () => {
    throw new MeasurementFailure('3 of 4 arrived');
  };
  const group = groupOf(failing, rates(9, 100, 100));
  group.lines.push({ title: 'another', measure: rates(1, 80), limit: 'limit', target: 0.9 });
  const [failed, other] = await runGroup(group, { ...options, rounds: 1 });
  assert.deepEqual([failed.failure, failed.value], ['3 of 4 arrived', undefined]);
  assert.deepEqual([other.ratio, other.met], [0.8, false]);
});

test('a crash in the middle is a failure although the measure came to its end', async () => {
  const crashing = { ...stage, crashes: async () => ['bench-redis crashed: out of memory'] };
  const [result] = await runGroup(groupOf(rates(1, 2), rates(1, 2, 2)), { ...options, stage: crashing, rounds: 1 });
  assert.equal(result.failure, 'bench-redis crashed: out of memory');
});

test('a line that is better with less is met below its target, and one without target is not judged', async () => {
  const less = groupOf(rates(1, 240), rates(9, 100, 100), { target: 2, atMost: true });
  assert.equal((await runGroup(less, { ...options, rounds: 1 }))[0].met, false);
  const shown = groupOf(rates(1, 240), rates(9, 100, 100), { target: null });
  assert.equal((await runGroup(shown, { ...options, rounds: 1 }))[0].met, null);
});
