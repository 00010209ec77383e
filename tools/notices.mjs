#!/usr/bin/env node
// Writes THIRD-PARTY-NOTICES.md from the lock file: node tools/notices.mjs
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup/paths.mjs';
import { say } from './setup/progress.mjs';

const file = 'THIRD-PARTY-NOTICES.md';

/** What runs in production, by name and version, with the licence that each package declares. */
function thirdParties() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const rows = Object.entries(packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.dev && !entry.link && !entry.devOptional)
    .map(([path, { version, license, name }]) => ({
      name: name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      license: license ?? 'not declared',
    }));
  const unique = new Map(rows.map((row) => [`${row.name}@${row.version}`, row]));
  return [...unique.values()].sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** The text that `THIRD-PARTY-NOTICES.md` must have. */
function notices() {
  const rows = thirdParties().map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`);
  return [
    '# Third-party notices',
    '',
    'Sluice runs on the packages below, installed from npm under their own licences; each package carries its licence text.',
    'Packages for other systems are listed too and are installed only there. Made by `node tools/notices.mjs`.',
    '',
    '| package | version | licence |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Complaints when the file is not what the lock file asks for. */
export function checkNotices() {
  const path = join(root, file);
  const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return current === notices()
    ? []
    : [`${file} is out of date. The dependencies have changed since: run node tools/notices.mjs`];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(join(root, file), notices());
  say(`${file} written`);
}
