import { Refusal } from '../setup/progress.mjs';
import { apps } from './apps.mjs';

/** Variables that steer these tools and mean nothing to an app, which refuses unknown ones. */
const toolVariables =
  /^SLUICE_(REDIS_(BIN|PORT|MAXMEMORY)|TEST_\w+|(CHROMIUM|PYTHON)(_MISSING)?|NO_EXTRAS|FAILED_CHECKS|STATE_DIR)$/;

/**
 * What the environment asks for: `{ host, reachHost, ports, authMode, redis }`. `reachHost` is where this machine reaches the apps;
 * `ports` has one number per app; `redis` is `{ url }` of a given server, or `{ port, durability, maxMemory }`.
 */
export function readSettings(env = process.env, { auth = null } = {}) {
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
    authMode,
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
  return { ...kept, ...mode, ...Object.fromEntries(addresses), REDIS_URL: redisUrl };
}

/** Where an app answers, without a slash at the end. */
export function appUrl({ reachHost, ports }, name) {
  return `http://${reachHost.includes(':') ? `[${reachHost}]` : reachHost}:${ports[name]}`;
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
