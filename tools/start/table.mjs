import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inState, root } from '../setup/paths.mjs';
import { say, style } from '../setup/progress.mjs';
import { accessRows } from './access.mjs';
import { apps, frontDoor } from './apps.mjs';
import { appUrl, ptgUrl, withoutPassword } from './settings.mjs';

/** Prints what runs where, and the first commands to try. */
export function printTable({ settings, options, instance, seconds }) {
  const running = new Set(options.apps.map((app) => app.name));
  const front = running.has(frontDoor) ? appUrl(settings, frontDoor) : null;
  const rows = [];
  if (front)
    rows.push(
      ['page', `${front}/`],
      ['API pages', `${front}/api-docs`],
      ['WebSocket', `${front.replace('http', 'ws')}/data/<stream>/pull`],
    );
  if (front) rows.push(['health', `${front}/health`]);
  const ptg = ptgUrl(settings);
  if (front && ptg) rows.push(['ptg dialect', `${ptg}/`]);
  if (front && settings.tls) rows.push(...certificateRows(settings.tls));
  for (const app of apps)
    if (running.has(app.name) && app.name !== frontDoor) rows.push([app.name, `${appUrl(settings, app.name)}/`]);
  const kept = settings.redis.url
    ? 'yours, by REDIS_URL'
    : `data kept in ${inState('data')}, fsync ${settings.redis.durability}`;
  if (instance.access) rows.push(...accessRows(instance.access));
  rows.push(['Redis', `${withoutPassword(instance.redisUrl)}  (${kept})`], ['logs', `${inState('logs')}/`]);

  say();
  say(`${style.bold('Sluice is ready')} after ${seconds.toFixed(1)} s`);
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) say(`  ${style.dim(name.padEnd(width))}  ${value}`);
  if (front) printFirstCommands({ settings, options, front, admin: instance.access?.admins[0] });
  say(style.dim('Ctrl-C stops everything.'));
}

/** What a client needs to trust the certificate; its file is there, since the gateway serves it. */
function certificateRows({ isOwn, certificate }) {
  const { fingerprint256, validTo } = new X509Certificate(readFileSync(certificate));
  const how = isOwn ? '  (made here: clients trust this file, or compare its SHA-256)' : '';
  return [
    ['certificate', `${nearPath(certificate)}${how}`],
    ['SHA-256', fingerprint256],
    ['ends', validTo],
  ];
}

/** A path as a person would name it from the project's root. */
function nearPath(path) {
  const near = relative(root, path);
  return near.startsWith('..') ? path : near;
}

function printFirstCommands({ settings, options, front, admin }) {
  const url = settings.ports[frontDoor] === 8000 && !settings.tls ? '' : ` --url ${front}`;
  const trust = settings.tls?.isOwn ? `NODE_EXTRA_CA_CERTS=${nearPath(settings.tls.certificate)} ` : '';
  const pull = options.demo ? 'pull host:vitals' : 'pull counter --from start --count 10';
  say('Try in another terminal:');
  const login = admin === undefined ? [] : [`login ${admin}`];
  for (const command of [...login, 'push-increment counter', pull, 'ls']) say(`  ${trust}npx sluice${url} ${command}`);
}
