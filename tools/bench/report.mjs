import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { Refusal } from '../setup/progress.mjs';
import { markdownTable } from './table.mjs';

const path = 'docs/benchmarks.md';
const start = '<!-- results: written by npm run bench -- --docs -->';
const end = '<!-- end of results -->';

/** Puts the results between the marks of docs/benchmarks.md. Returns its path. */
export function writeDocs(surroundings, seconds, results) {
  const file = join(root, path);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : `${start}\n${end}\n`;
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Refusal(`${path} lacks the marks ${start} and ${end}`);
  const facts = [...Object.values(surroundings), `${seconds} s in all`].map((fact) => `- ${fact}`).join('\n');
  const written = `${text.slice(0, from)}${start}\n\n${facts}\n\n${markdownTable(results)}\n\n${text.slice(to)}`;
  writeFileSync(file, written);
  return path;
}
