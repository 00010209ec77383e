import { say, style } from '../setup/progress.mjs';

const columns = [
  { head: 'line', width: 58, left: true },
  { head: 'Sluice', width: 10 },
  { head: 'limit', width: 10 },
  { head: 'ratio', width: 7 },
  { head: 'target', width: 8 },
  { head: 'service', width: 8 },
  { head: 'gateway', width: 8 },
  { head: 'redis', width: 8 },
  { head: 'client', width: 8 },
];

/** The first lines of the table. */
export function printHead() {
  say(style.dim(`${''.padEnd(97)}CPU, µs a message`));
  say(style.bold(`${columns.map(({ head, width, left }) => pad(head, width, left)).join(' ')}  `));
}

/** The lines of one group. */
export function printRows(results) {
  for (const result of results) {
    const cells = cellsOf(result);
    say(
      `${cells.map((cell, index) => pad(cell, columns[index].width, columns[index].left)).join(' ')}  ${verdict(result)}`,
    );
    if (result.failure) say(style.red(`  ${result.failure}`));
  }
}

/** The same as Markdown. */
export function markdownTable(results) {
  const head = ['line', 'Sluice', 'limit', 'ratio', 'target', 'service µs', 'gateway µs', 'redis µs', 'client µs', ''];
  const rows = results.map((result) => [...cellsOf(result), plainVerdict(result)]);
  const marks = head.map((_, index) => (index === 0 || index === head.length - 1 ? '---' : '---:'));
  return [head, marks, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cellsOf(result) {
  const { line, failure, value, limit, ratio, costs } = result;
  if (failure) return [line.title, '-', '-', '-', targetText(line), '-', '-', '-', '-'];
  const cost = (name) => (costs[name] === undefined ? '-' : costs[name].toFixed(costs[name] < 10 ? 2 : 0));
  const figures = [figure(value, line.format), limit === null ? '-' : figure(limit, line.format)];
  const share = ratio === null ? '-' : ratio.toFixed(2);
  return [
    line.title,
    ...figures,
    share,
    targetText(line),
    cost('service'),
    cost('gateway'),
    cost('redis'),
    cost('client'),
  ];
}

function targetText({ target, atMost, format, limit }) {
  if (target === null) return '-';
  const unit = format === 'MB' ? ' MB' : format === 'times' ? ' x' : format === 'ms' && limit === null ? ' ms' : '';
  return `${atMost ? '≤' : '≥'} ${target}${unit}`;
}

function figure(value, format) {
  if (format === 'ms') return `${value.toFixed(2)} ms`;
  if (format === 'cores') return `${value.toFixed(2)} cores`;
  if (format === 'us') return `${value.toFixed(1)} µs`;
  if (format === 'viewers') return `${value.toFixed(0)} a core`;
  if (format === 'MB') return `${value.toFixed(0)} MB`;
  if (format === 'times') return `${value.toFixed(2)} x`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M/s`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(0)}k/s` : `${value.toFixed(0)}/s`;
}

function plainVerdict({ failure, met, disturbed }) {
  const word = failure ? 'FAILED' : met === null ? '' : met ? 'ok' : 'below';
  return disturbed ? `${word} ~`.trim() : word;
}

function verdict(result) {
  const text = plainVerdict(result);
  if (result.failure) return style.red(text);
  return result.met === false ? style.yellow(text) : style.green(text);
}

function pad(text, width, left = false) {
  return left ? text.padEnd(width) : text.padStart(width);
}
