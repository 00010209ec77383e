// Writes the generated parts of the pages: settings from the apps themselves, errors and routes from their tables in code.
//   npx node tools/docs.mjs           write
//   npx node tools/docs.mjs --check   fail when a part is out of date
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const settingsOf = (app) =>
  execFileSync(process.execPath, [join(ROOT, 'apps', app, 'dist', 'main.js'), '--print-config'], {
    encoding: 'utf8',
  }).trim();

const contracts = () => import(join(ROOT, 'libs', 'contracts', 'dist', 'index.js'));

async function errorTable() {
  const { ERRORS } = await contracts();
  const rows = Object.entries(ERRORS).map(
    ([code, { status, closeCode, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${closeCode} | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return ['| Code | HTTP | Close | Retry | Meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

async function routeTable() {
  const { ROUTES } = await contracts();
  const rows = ROUTES.map(({ service, method, path, access, wantsBearer, names }) => {
    const inOpenMode = wantsBearer ? 'any bearer' : '–';
    const owner = service === '*' ? 'every service' : service;
    return `| ${method} | \`${path}\` | ${owner} | ${access === 'public' ? 'public' : `\`${access}\``} | ${inOpenMode} | ${names} |`;
  });
  const head = '| Method | Path | Service | Strict mode asks for | Open mode asks for | Which names |';
  return [head, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

async function addressTable() {
  const { ADDRESSES, PTG_DOOR_ADDRESSES } = await import(
    join(ROOT, 'apps', 'api-gateway', 'dist', 'routing', 'addresses.js')
  );
  const rows = ADDRESSES.map(
    ({ path, owner, what }) => `| \`/${path}\` | ${atPtgDoor(path, PTG_DOOR_ADDRESSES)} | ${owner} | ${what} |`,
  );
  return ['| On port 8000 | On port 7890 | Owner | What |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function atPtgDoor(path, own) {
  if (path === 'ptg' || path.startsWith('ptg/')) return `\`/${path.slice('ptg/'.length)}\``;
  const names = [...own].filter(([, target]) => target.split('/')[1] === path).map(([name]) => `\`/${name}\``);
  return names.join(', ');
}

/** Parts by name, of each page. */
const pages = {
  'docs/operations.md': {
    'settings of stream-store': () => settingsOf('stream-store'),
    'settings of registry': () => settingsOf('registry'),
    'settings of channel-gateway': () => settingsOf('channel-gateway'),
    'settings of api-gateway': () => settingsOf('api-gateway'),
    addresses: addressTable,
    errors: errorTable,
  },
  'docs/security.md': { routes: routeTable },
};

const isCheck = process.argv.includes('--check');
for (const [page, parts] of Object.entries(pages)) {
  const file = join(ROOT, page);
  const before = readFileSync(file, 'utf8');
  const after = await withParts(page, before, parts);
  if (after === before) continue;
  if (isCheck) {
    console.error(`${page} is out of date: run "npx node tools/docs.mjs" after a build and commit the result.`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, after);
    console.log(`${page} written`);
  }
}

async function withParts(page, text, parts) {
  let result = text;
  for (const [name, make] of Object.entries(parts)) {
    const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [result.indexOf(start), result.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${page} has no place for "${name}": it needs ${start} and ${end}`);
    result = `${result.slice(0, from + start.length)}\n\n${await make()}\n\n${result.slice(to)}`;
  }
  return result;
}
