import { rulesOf } from './routes-rule.js';

const PATH_STREAM = 'the stream of the path';

/** The redis-streamer dialect and our own routes. */
export const STREAM_ROUTES = rulesOf('stream-store', [
  ['GET', '/', 'public', 'a greeting'],
  ['POST', '/data/:stream_id', 'stream:write', 'every stream that gets an entry'],
  ['GET', '/data/:stream_id', 'stream:read', 'every stream named; of a pattern those that may be read'],
  ['WS', '/data/:sid/push', 'stream:write', 'every stream that gets an entry'],
  ['WS', '/data/:sid/pull', 'stream:read', 'every stream named; of a pattern those that may be read'],

  ['WS', '/v1/socket', 'signed-in', 'each push and each subscription by itself'],
  ['GET', '/v1/stream', 'stream:read', 'every stream named; of a pattern those that may be read'],
  ['GET', '/v1/streams', 'stream:read', 'shows only what may be read'],
  ['GET', '/v1/streams/:device/:stream', 'stream:read', PATH_STREAM],
  ['PUT', '/v1/streams/:device/:stream', 'stream:write', PATH_STREAM],
  ['DELETE', '/v1/streams/:device/:stream', 'stream:write', PATH_STREAM],
  ['GET', '/v1/streams/:device/:stream/stream', 'stream:read', PATH_STREAM],
  ['GET', '/v1/streams/:device/:stream/retention', 'stream:read', PATH_STREAM],
  ['PUT', '/v1/streams/:device/:stream/retention', 'stream:write', PATH_STREAM],
  ['DELETE', '/v1/streams/:device/:stream/retention', 'stream:write', PATH_STREAM],
  ['GET', '/v1/streams/:device/:stream/entries', 'stream:read', PATH_STREAM],
  ['POST', '/v1/streams/:device/:stream/entries', 'stream:write', PATH_STREAM],
  ['GET', '/v1/streams/:device/:stream/groups', 'stream:read', PATH_STREAM],
  ['POST', '/v1/streams/:device/:stream/groups', 'stream:read', PATH_STREAM],
  ['GET', '/v1/streams/:device/:stream/groups/:group', 'stream:read', PATH_STREAM],
  ['DELETE', '/v1/streams/:device/:stream/groups/:group', 'stream:write', PATH_STREAM],
  ['GET', '/v1/streams/:device/:stream/groups/:group/entries', 'stream:read', PATH_STREAM],
  ['POST', '/v1/streams/:device/:stream/groups/:group/ack', 'stream:read', PATH_STREAM],
  ['POST', '/v1/streams/:device/:stream/groups/:group/claim', 'stream:read', PATH_STREAM],
]);
