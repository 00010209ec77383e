import { rulesOf, type RouteLines } from './routes-rule.js';

const NAMED = 'every stream of the path';
const OF_RECORDING = 'every stream of the recording; one with others does not exist for the caller';
const EVENT_STREAMS = 'the event stream of what is read or changed';

const STREAMS: RouteLines = [
  ['GET', '/ptg/streams', 'stream:read', 'shows only what may be read'],
  ['GET', '/ptg/streams/:sid', 'stream:read', NAMED],
  ['PUT', '/ptg/streams/:sid', 'stream:write', NAMED],
  ['DELETE', '/ptg/streams/:sid', 'stream:write', NAMED],
  ['GET', '/ptg/data/:sid', 'stream:read', NAMED],
  ['POST', '/ptg/data/:sid', 'stream:write', 'every stream that gets an entry'],
  ['WS', '/ptg/data/:sid/push', 'stream:write', 'every stream that gets an entry'],
  ['WS', '/ptg/data/:sid/pull', 'stream:read', NAMED],
];

const RECORDINGS: RouteLines = [
  ['GET', '/ptg/recordings', 'stream:read', 'shows only recordings whose streams may all be read'],
  ['GET', '/ptg/recordings/current', 'stream:read', OF_RECORDING],
  ['GET', '/ptg/recordings/:id', 'stream:read', OF_RECORDING],
  ['PUT', '/ptg/recordings/start', 'stream:write', 'records the streams that the caller may read'],
  ['PUT', '/ptg/recordings/stop', 'stream:write', OF_RECORDING],
  ['PUT', '/ptg/recordings/:id/rename/:new', 'stream:write', OF_RECORDING],
  ['PUT', '/ptg/recordings/:id/hide', 'stream:write', OF_RECORDING],
  ['PUT', '/ptg/recordings/:id/unhide', 'stream:write', OF_RECORDING],
  ['DELETE', '/ptg/recordings/cache', 'stream:write', OF_RECORDING],
  ['DELETE', '/ptg/recordings/:id', 'stream:write', OF_RECORDING],
  ['GET', '/ptg/recordings/:id/mcap', 'stream:read', OF_RECORDING],
  ['POST', '/ptg/recordings/:id/mcap', 'stream:write', 'every stream of the file'],
  ['WS', '/ptg/recordings/replay', 'stream:write', 'reading the recording, writing every stream it is replayed to'],
];

/** Need no bearer in the original, so none in open mode either. */
const FILES: RouteLines = [
  ['GET', '/ptg/recordings/static/*', 'stream:read', OF_RECORDING],
  ['POST', '/ptg/recordings/upload/:id/:fname', 'stream:write', OF_RECORDING],
  ['GET', '/ptg/mjpeg/chunked/*', 'stream:read', OF_RECORDING],
  ['GET', '/ptg/mjpeg/:sid', 'stream:read', NAMED],
];

const RECIPES: RouteLines = ['/ptg/recipes', '/ptg/sess'].flatMap((root): RouteLines => {
  return [
    ['GET', root, 'stream:read', EVENT_STREAMS],
    ['POST', root, 'stream:write', EVENT_STREAMS],
    ['GET', `${root}/q`, 'stream:read', EVENT_STREAMS],
    ['GET', `${root}/:id`, 'stream:read', EVENT_STREAMS],
    ['PUT', `${root}/:id`, 'stream:write', EVENT_STREAMS],
    ['DELETE', `${root}/:id`, 'stream:write', EVENT_STREAMS],
  ];
});

const SESSIONS: RouteLines = [
  ['GET', '/ptg/sessions', 'stream:read', EVENT_STREAMS],
  ['GET', '/ptg/sessions/id', 'stream:read', EVENT_STREAMS],
  ['GET', '/ptg/sessions/recipe', 'stream:read', EVENT_STREAMS],
  ['DELETE', '/ptg/sessions/recipe', 'stream:write', EVENT_STREAMS],
  ['GET', '/ptg/sessions/recipe/step', 'stream:read', EVENT_STREAMS],
  ['PUT', '/ptg/sessions/recipe/step/:step', 'stream:write', EVENT_STREAMS],
  ['PUT', '/ptg/sessions/recipe/:id', 'stream:write', EVENT_STREAMS],
];

/** The ptg dialect. The gateway's door for it puts `/ptg` before each path. */
export const PTG_ROUTES = [
  ...rulesOf('stream-store', [
    ['GET', '/ptg/ping', 'public', 'names no streams'],
    ['GET', '/ptg/ping/error', 'public', 'names no streams'],
    ['GET', '/ptg/ping/auth', 'public', "the caller's own tokens"],
    ['GET', '/ptg/metrics', 'public', 'names no streams'],
  ]),
  ...rulesOf('stream-store', [...STREAMS, ...RECORDINGS, ...RECIPES, ...SESSIONS], true),
  ...rulesOf('stream-store', FILES),
];
