import { AUTH_SETTINGS } from '../auth/auth-settings.js';
import { type ConfigValues, type Settings } from './settings.js';

/** Settings every service has; spread them into its own definition. */
export const SERVICE_SETTINGS = {
  host: {
    env: 'SLUICE_HOST',
    type: 'text',
    default: '127.0.0.1',
    doc: 'Address to listen on. Beyond loopback, open mode also needs `SLUICE_ALLOW_ANONYMOUS=1`.',
  },
  authMode: {
    env: 'SLUICE_AUTH_MODE',
    type: 'choice',
    values: ['open', 'strict'],
    default: 'open',
    doc: 'Who may do what: in open mode everybody who reaches the port may do everything; in strict mode each request needs a token or an API key that allows it.',
  },
  allowAnonymous: {
    env: 'SLUICE_ALLOW_ANONYMOUS',
    type: 'boolean',
    default: false,
    doc: 'Listen beyond loopback although nobody has to say who they are.',
  },
  allowedHosts: {
    env: 'SLUICE_ALLOWED_HOSTS',
    type: 'list',
    default: [],
    doc: 'Host names, besides loopback names, under which requests may come (`*`: any). Guards against DNS rebinding.',
  },
  corsOrigins: {
    env: 'SLUICE_CORS_ORIGINS',
    type: 'list',
    default: [],
    doc: 'Origins of web pages, besides loopback ones, that may use the service, such as `https://lab.example.org`; `*`: any.',
  },
  trustedProxies: {
    env: 'SLUICE_TRUSTED_PROXIES',
    type: 'list',
    default: [],
    doc: 'Addresses or networks (`10.0.0.0/8`, `loopback`) whose `x-forwarded-for` and `x-request-id` are believed.',
  },
  logLevel: {
    env: 'SLUICE_LOG_LEVEL',
    type: 'choice',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    doc: 'Least important lines to log.',
  },
  drainTimeoutMs: {
    env: 'SLUICE_DRAIN_TIMEOUT_MS',
    type: 'integer',
    min: 0,
    max: 600_000,
    default: 4000,
    unit: 'ms',
    doc: 'How long a stopping service waits for requests and sockets before it cuts them.',
  },
  heartbeatMs: {
    env: 'SLUICE_HEARTBEAT_MS',
    type: 'integer',
    min: 20,
    max: 3_600_000,
    default: 20_000,
    unit: 'ms',
    doc: 'A WebSocket is pinged this often, and cut when nothing at all came or went within that time after a ping.',
  },
  compression: {
    env: 'SLUICE_COMPRESSION',
    type: 'choice',
    values: ['asked', 'offered', 'never'],
    default: 'asked',
    doc: 'Which WebSockets are compressed (permessage-deflate), if their client offers it: those whose address says `compress=1`, all but those with `compress=0`, or none.',
  },
  ...AUTH_SETTINGS,
} as const satisfies Settings;

/** Parsed values that every service has, and its port. */
export type ServiceConfig = ConfigValues<typeof SERVICE_SETTINGS> & { readonly port: number };
