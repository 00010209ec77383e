import { rulesOf } from './routes-rule.js';

/** What the gateway answers itself; what it hands on is asked for by the service that has the route. */
export const GATEWAY_ROUTES = rulesOf('api-gateway', [
  ['GET', '/', 'public', 'the page; it shows nothing by itself'],
  ['GET', '/favicon.ico', 'public', 'icon of the page'],
  ['GET', '/page/*', 'public', 'files of the page'],
  ['GET', '/api-docs/ui/*', 'public', 'documents only'],

  ['POST', '/token', 'public', 'log-in: asks for a password'],
  ['POST', '/ptg/token', 'public', 'log-in: asks for a password'],
  ['GET', '/v1/me', 'signed-in', 'the caller alone'],
  ['DELETE', '/v1/tokens/current', 'signed-in', "the caller's own token"],
  ['POST', '/v1/tokens/revoke', 'admin', 'any user'],
  ['GET', '/v1/users', 'admin', 'all users'],
  ['POST', '/v1/users', 'admin', 'any user'],
  ['DELETE', '/v1/users/:name', 'admin', 'any user'],
  ['PUT', '/v1/users/:name/password', 'signed-in', 'the caller, who gives the old one; an admin any user'],
  ['PUT', '/v1/users/:name/scopes', 'admin', 'any user'],
  ['GET', '/v1/keys', 'signed-in', "the caller's own keys; an admin all"],
  ['POST', '/v1/keys', 'signed-in', 'a key with no more rights than the caller has'],
  ['DELETE', '/v1/keys/:id', 'signed-in', "the caller's own keys; an admin any"],
  ['GET', '/v1/audit', 'admin', 'the whole trail'],
]);
