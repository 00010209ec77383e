import { rulesOf } from './routes-rule.js';

const PATH_CHANNEL = 'the channel of the path, or the key of it';
const SHOWS_READABLE = 'shows only what may be read';

/** The channel gateway. Names are channels, and keys of baskets as `basket/key`. */
export const CHANNEL_ROUTES = rulesOf('channel-gateway', [
  ['GET', '/', 'public', 'a redirect'],
  ['GET', '/openapi.json', 'public', 'documents only'],
  ['GET', '/docs', 'public', 'documents only'],
  ['GET', '/docs/*', 'public', 'documents only'],
  ['GET', '/redoc', 'public', 'documents only'],
  ['GET', '/ui-config', 'public', 'names no channels'],
  ['GET', '/channels_graph', 'channel:read', SHOWS_READABLE],
  ['GET', '/outputs', 'channel:read', 'for every reader of channels'],
  ['GET', '/outputs/*', 'channel:read', 'for every reader of channels'],

  ['GET', '/login', 'public', 'a form'],
  ['GET', '/logout', 'public', 'a form'],
  ['GET', '/api/v1/auth/login', 'signed-in', 'names no channels'],
  ['GET', '/api/v1/auth/logout', 'signed-in', 'names no channels'],

  ['GET', '/api/v1/last', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/last/*', 'channel:read', PATH_CHANNEL],
  ['GET', '/api/v1/next', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/next/*', 'channel:read', PATH_CHANNEL],
  ['GET', '/api/v1/lookup', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/lookup/*', 'channel:read', 'the channel of the path, and that of the record'],
  ['POST', '/api/v1/lookup/*', 'channel:read', 'the channel of the path, and that of the record'],
  ['GET', '/api/v1/send', 'channel:write', 'shows only what may be written'],
  ['POST', '/api/v1/send/*', 'channel:write', PATH_CHANNEL],
  ['GET', '/api/v1/state', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/state/*', 'channel:read', 'the channel of the state'],
  ['GET', '/api/v1/stage', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/stage/:name', 'channel:read', PATH_CHANNEL],
  ['PUT', '/api/v1/stage/:name', 'channel:read', PATH_CHANNEL],
  ['POST', '/api/v1/stage/:name', 'channel:write', PATH_CHANNEL],
  ['DELETE', '/api/v1/stage/:name', 'channel:write', PATH_CHANNEL],
  ['PATCH', '/api/v1/stage/:name', 'channel:write', PATH_CHANNEL],
  ['GET', '/api/v1/history/*', 'channel:read', PATH_CHANNEL],
  ['POST', '/api/v1/sql', 'channel:read', 'each channel that the query names'],
  ['GET', '/api/v1/controls', 'channel:read', 'names no channels'],
  ['GET', '/api/v1/controls/heartbeat', 'channel:read', 'the channel controls'],
  ['GET', '/api/v1/controls/stats', 'channel:read', 'the channel controls'],
  ['POST', '/api/v1/controls/shutdown', 'admin', 'the whole application'],
  ['GET', '/api/v1/stream', 'channel:read', SHOWS_READABLE],
  ['WS', '/api/v1/stream', 'signed-in', 'each subscription and each send by itself'],
  ['GET', '/api/v1/field', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/field/:name', 'channel:read', 'the field of the path'],
  ['GET', '/api/v1/channels_graph', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/perspective/tables', 'channel:read', SHOWS_READABLE],
  ['GET', '/api/v1/perspective/layouts', 'channel:read', 'names no channels'],
  ['GET', '/api/v1/perspective/meta', 'channel:read', SHOWS_READABLE],
]);
