// Writes the generated parts of docs/operations.md: settings from the apps themselves, errors from the one table of codes.
//   npx node tools/docs.mjs           write
//   node tools/docs.mjs --check   fail when a part is out of date
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PAGE = join(ROOT, 'docs', 'operations.md');

const settingsOf = (app) =>
  execFileSync(process.execPath, [join(ROOT, 'apps', app, 'dist', 'main.js'), '--print-config'], {
    encoding: 'utf8',
  }).trim();

async function errorTable() {
  const { ERRORS } = await import(join(ROOT, 'libs', 'contracts', 'dist', 'index.js'));
  const rows = Object.entries(ERRORS).map(
    ([code, { status, closeCode, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${closeCode} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return ['| Code | HTTP | Close | Retry | Meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

const parts = {
  'settings of stream-store': () => settingsOf('stream-store'),
  'settings of api-gateway': () => settingsOf('api-gateway'),
  errors: errorTable,
};

const before = readFileSync(PAGE, 'utf8');
let after = before;
for (const [name, make] of Object.entries(parts)) {
  const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const [from, to] = [after.indexOf(start), after.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`docs/operations.md has no place for "${name}": it needs ${start} and ${end}`);
  after = `${after.slice(0, from + start.length)}\n\n${await make()}\n\n${after.slice(to)}`;
}

if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error(
      'docs/operations.md is out of date: run "npx node tools/docs.mjs" after a build and commit the result.',
    );
    process.exitCode = 1;
  }
} else if (after !== before) {
  writeFileSync(PAGE, after);
  console.log('docs/operations.md written');
}
