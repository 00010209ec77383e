import { join, resolve } from 'node:path';
import { stateDir } from '../setup/paths.mjs';
import { Refusal } from '../setup/progress.mjs';
import { apps, frontDoor, ptgDoor } from './apps.mjs';

/** Variables that steer these tools and mean nothing to an app, which refuses unknown ones. */
const toolVariables =
  /^SLUICE_(REDIS_(BIN|PORT|MAXMEMORY)|TEST_\w+|(CHROMIUM|PYTHON)(_MISSING)?|NO_EXTRAS|FAILED_CHECKS|STATE_DIR)$/;

/**
 * What the environment asks for: `{ host, reachHost, ports, ptgPort, authMode, tls, redis }`. `reachHost` is where this machine
 * reaches the apps; `ports` has one number per app; `ptgPort` is null when that door is off; `tls` is null, or
 * `{ isOwn, folder, certificate }` with the file that clients trust; `redis` is `{ url }` of a given server, or `{ port, durability, maxMemory }`.
 */
export function readSettings(env = process.env, { auth = null, tls = false } = {}) {
  for (const name of Object.keys(env)) {
    if (!name.startsWith('SLUICE_REDIS_') || toolVariables.test(name)) continue;
    throw new Refusal(
      `${name} is no setting; there are SLUICE_REDIS_BIN, SLUICE_REDIS_PORT and SLUICE_REDIS_MAXMEMORY`,
    );
  }
  const host = env.SLUICE_HOST || '127.0.0.1';
  const ports = Object.fromEntries(apps.map((app) => [app.name, readPort(env, app.portVariable, app.defaultPort)]));
  const authMode = auth ?? (env.SLUICE_AUTH_MODE || 'open');
  return {
    host,
    reachHost: reachable(host),
    ports,
    ptgPort: env[ptgDoor.portVariable] === 'off' ? null : readPort(env, ptgDoor.portVariable, ptgDoor.defaultPort),
    authMode,
    tls: readTls(env, tls),
    redis: env.REDIS_URL ? { url: env.REDIS_URL } : ownRedis(env),
  };
}

/** The environment of an app: ours without the tools' own variables, plus where the others are. */
export function appEnvironment(settings, redisUrl, env = process.env) {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !toolVariables.test(name)));
  const addresses = apps
    .filter((app) => app.urlVariable)
    .map((app) => [app.urlVariable, env[app.urlVariable] || appUrl(settings, app.name)]);
  const mode = settings.authMode === undefined ? {} : { SLUICE_AUTH_MODE: settings.authMode };
  const ownTls = settings.tls?.isOwn ? { SLUICE_TLS: 'self-signed', SLUICE_TLS_FOLDER: settings.tls.folder } : {};
  return { ...kept, ...mode, ...ownTls, ...Object.fromEntries(addresses), REDIS_URL: redisUrl };
}

/** Where an app answers, without a slash at the end. Only the front door speaks TLS. */
export function appUrl(settings, name) {
  return urlOf(settings, settings.ports[name], name === frontDoor);
}

/** Where the ptg dialect's own door answers, without a slash at the end; null when it is off. */
export function ptgUrl(settings) {
  return settings.ptgPort === null ? null : urlOf(settings, settings.ptgPort, true);
}

function urlOf({ reachHost, tls }, port, isFrontDoor) {
  const scheme = tls && isFrontDoor ? 'https' : 'http';
  return `${scheme}://${reachHost.includes(':') ? `[${reachHost}]` : reachHost}:${port}`;
}

/** An address that can be shown: without the password it may hold. */
export function withoutPassword(url) {
  return url.replace(/(\/\/[^/@\s]*?):[^/@\s]*@/g, '$1:***@');
}

function reachable(host) {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function readPort(env, name, fallback) {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Refusal(`${name}=${text} is not a port: a whole number from 1 to 65535 is needed`);
  }
  return port;
}

function readTls(env, isAsked) {
  const given = env.SLUICE_TLS_CERT || env.SLUICE_TLS_KEY;
  if (given) return { isOwn: false, folder: null, certificate: env.SLUICE_TLS_CERT ?? null };
  if (!isAsked && env.SLUICE_TLS !== 'self-signed') return null;
  const folder = env.SLUICE_TLS_FOLDER ? resolve(env.SLUICE_TLS_FOLDER) : join(stateDir, 'tls');
  return { isOwn: true, folder, certificate: join(folder, 'certificate.pem') };
}

function ownRedis(env) {
  const durability = env.SLUICE_DURABILITY || 'everysec';
  if (/^replicas:\d+$/.test(durability)) {
    throw new Refusal(
      `SLUICE_DURABILITY=${durability} needs a server with replicas, and the Redis that is started here has none: give it as REDIS_URL`,
    );
  }
  if (!['everysec', 'always'].includes(durability)) {
    throw new Refusal(`SLUICE_DURABILITY=${durability} is not known: everysec, always or replicas:N`);
  }
  const port = readPort(env, 'SLUICE_REDIS_PORT', 6789);
  return { port, durability, maxMemory: readMemory(env.SLUICE_REDIS_MAXMEMORY) };
}

function readMemory(text) {
  if (!text) return null;
  if (!/^\d+([kmg]b?)?$/i.test(text)) {
    throw new Refusal(`SLUICE_REDIS_MAXMEMORY=${text} is not a size: a number of bytes, or one such as 512mb or 2gb`);
  }
  return text;
}
