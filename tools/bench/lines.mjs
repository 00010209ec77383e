import { channelGroups } from './channels.mjs';
import { measureBareRest, measureRest } from './http-load.mjs';
import { measureFollowed, measureSlowFollowers } from './many-streams.mjs';
import { measureFlow, measurePace } from './measures.mjs';
import { measureLargeRecording, measureReplay } from './recordings.mjs';
import { measureEventSubscriptions, measureStorm, measureStreamsLimit, measureStreamsQuery } from './registry.mjs';
import { measureRedisLimit } from './redis-limit.mjs';
import { sizeGroups } from './sizes.mjs';
import { measureBareEcho, measureBareFanout } from './socket-limits.mjs';
import { measureTokenCheck } from './token-check.mjs';
import { measureViewers } from './viewers.mjs';

const small = 100;
const batch = 64;
const pacedRate = 1_000;
const followers = 100;

const flow = (spec) => (stage, seconds) => measureFlow(stage, { payloadBytes: small, ...spec }, seconds);
const redisLimit = (clients, pipeline, payloadBytes = small) => ({
  title: `XADD ${clients}x${pipeline}`,
  measure: (stage, seconds) => measureRedisLimit(stage, { clients, pipeline, payloadBytes }, seconds),
});
const bareFanout = (payloadBytes, perWrite) => (stage, seconds) =>
  measureBareFanout(stage, { payloadBytes, perWrite, connections: followers }, seconds);

/**
 * What is measured, in groups that are interleaved: the limits, the lines, the limits again. A line: `title`; `measure(stage, seconds)`;
 * `limit`, a key of the group's limits, or `null` where the target stands alone; `value` and `limitValue` read the figure of a sample;
 * `target`, the ratio to reach (`null`: shown for information); `atMost` where less is better; `format` of the figure (a rate by default).
 */
export const groups = [
  {
    limits: { xadd: redisLimit(50, 64) },
    lines: [
      { title: 'push, no ack: dialect, header=0, one entry a frame', measure: flow({ push: 'plain' }), target: 0.4 },
      {
        title: `push, no ack: dialect, ${batch} entries a frame`,
        measure: flow({ push: 'many', entriesPerMessage: batch }),
        target: 0.55,
      },
      { title: 'push, no ack: sluice.v1, one entry a frame', measure: flow({ push: 'v1' }), target: 0.55 },
      {
        title: `push, no ack: sluice.v1, ${batch} entries a frame`,
        measure: flow({ push: 'v1', entriesPerMessage: batch }),
        target: null,
      },
      {
        title: `push, no ack: sluice.v1, packed by ${batch}`,
        measure: flow({ push: 'v1', entriesPerMessage: batch, packed: true }),
        target: 1.2,
      },
    ].map((line) => ({ limit: 'xadd', ...line })),
  },
  {
    limits: { one: redisLimit(1, 1), many: redisLimit(1, batch) },
    lines: [
      { title: 'push with ack: dialect, 1 in flight', push: 'plain', inFlight: 1 },
      { title: 'push with ack: sluice.v1, 1 in flight', push: 'v1', inFlight: 1 },
      { title: `push with ack: dialect, ${batch} in flight`, push: 'plain', inFlight: batch },
      { title: `push with ack: sluice.v1, ${batch} in flight`, push: 'v1', inFlight: batch },
    ].map(({ title, ...spec }) => ({
      title,
      measure: flow(spec),
      limit: spec.inFlight === 1 ? 'one' : 'many',
      target: spec.inFlight === 1 ? 0.33 : 0.42,
    })),
  },
  {
    limits: { xadd: redisLimit(50, 64) },
    lines: [1, 4].flatMap((streams) => [
      {
        title: `push to pull, ${streams} to ${streams}: dialect, two frames an entry`,
        measure: flow({ push: 'headed', pull: 'dialect', streams }),
        limit: 'xadd',
        target: 0.3,
      },
      {
        title: `push to pull, ${streams} to ${streams}: sluice.v1, one entry a frame`,
        measure: flow({ push: 'v1', pull: 'v1', streams }),
        limit: 'xadd',
        target: 0.5,
      },
      {
        title: `push to pull, ${streams} to ${streams}: sluice.v1, packed by ${batch}`,
        measure: flow({ push: 'v1', pull: 'v1', streams, entriesPerMessage: batch, packed: true }),
        limit: 'xadd',
        target: 0.9,
      },
    ]),
  },
  {
    limits: { ws: { title: `bare ws, ${batch} a write, ${followers} clients`, measure: bareFanout(small, batch) } },
    lines: [
      {
        title: `one stream to ${followers} followers: dialect`,
        measure: flow({ push: 'plain', pull: 'dialect', followers }),
        limit: 'ws',
        target: 1,
      },
      {
        title: `one stream to ${followers} followers: sluice.v1`,
        measure: flow({ push: 'v1', pull: 'v1', followers }),
        limit: 'ws',
        target: 2.5,
      },
    ],
  },
  ...sizeGroups,
  {
    limits: {
      echo: {
        title: 'bare ws echo + XADD + XREAD',
        measure: (stage, seconds) => measureBareEcho(stage, { payloadBytes: small, rate: pacedRate }, 2 * seconds),
      },
    },
    lines: [
      { name: 'dialect', push: 'plain', pull: 'dialect' },
      { name: 'sluice.v1', push: 'v1', pull: 'v1' },
    ].flatMap(({ name, push, pull }) => {
      const spec = { push, pull, rate: pacedRate, payloadBytes: small };
      const measure = (stage, seconds) => measurePace(stage, spec, 2 * seconds);
      return [
        { title: `latency at 1,000 a second: ${name}, p50`, value: ({ p50Ms }) => p50Ms, target: 2 },
        { title: `latency at 1,000 a second: ${name}, p99`, value: ({ p99Ms }) => p99Ms, target: 3 },
      ].map((line) => ({ ...line, measure, limit: 'echo', atMost: true, format: 'ms' }));
    }),
  },
  {
    limits: {
      push: { title: 'straight to the service', measure: flow({ push: 'plain', straight: true }) },
      pull: { title: 'straight to the service', measure: flow({ push: 'v1', pull: 'v1', straight: true }) },
    },
    lines: [
      { title: 'through the gateway: push, no ack, dialect', measure: flow({ push: 'plain' }), limit: 'push' },
      { title: 'through the gateway: 1 to 1, sluice.v1', measure: flow({ push: 'v1', pull: 'v1' }), limit: 'pull' },
    ].map((line) => ({ ...line, target: 0.85, straightIsLimit: true })),
  },
  {
    limits: Object.fromEntries(
      ['post', 'postParts', 'read', 'readRaw'].map((request) => [
        request,
        {
          title: 'Nest on Fastify, same hop',
          measure: (stage, seconds) => measureBareRest(stage, { request }, seconds),
        },
      ]),
    ),
    lines: [
      { title: 'REST: POST of one entry, /v1', limit: 'post', target: 0.5 },
      { title: 'REST: POST of one entry, dialect (multipart)', limit: 'postParts', target: 0.5 },
      { title: 'REST: GET of one entry, dialect', limit: 'read', target: 0.6 },
      { title: 'REST: GET of one entry, /v1', limit: 'readRaw', target: 0.6 },
    ].map((line) => ({
      ...line,
      measure: (stage, seconds) => measureRest(stage, { request: line.limit }, seconds),
    })),
  },
  {
    limits: {
      push: { title: 'without a token, open mode', measure: flow({ push: 'plain' }) },
      read: {
        title: 'without a token, open mode',
        measure: (stage, seconds) => measureRest(stage, { request: 'read' }, seconds),
      },
    },
    lines: [
      { title: 'with a token, strict: push, no ack, dialect', measure: flow({ push: 'plain', isStrict: true }) },
      {
        title: 'with a token, strict: GET of one entry',
        measure: (stage, seconds) => measureRest(stage, { request: 'read', isStrict: true }, seconds),
      },
    ].map((line, at) => ({ ...line, limit: ['push', 'read'][at], target: 0.9 })),
  },
  {
    limits: {},
    lines: ['HS256', 'EdDSA'].flatMap((algorithm) => {
      const measure = (stage) => measureTokenCheck(stage, { algorithm });
      return [
        { title: `token check, ${algorithm}, seen before: µs a request`, value: ({ knownUs }) => knownUs },
        { title: `token check, ${algorithm}, for the first time: µs a request`, value: ({ firstUs }) => firstUs },
      ].map((line) => ({ ...line, measure, limit: null, target: null, atMost: true, format: 'us' }));
    }),
  },
  {
    limits: {},
    lines: [
      { title: 'replay: distance from the recorded spacing, p50', value: ({ p50Ms }) => p50Ms, target: null },
      { title: 'replay: distance from the recorded spacing, p99', value: ({ p99Ms }) => p99Ms, target: 5 },
    ].map((line) => ({ ...line, measure: measureReplay, limit: null, atMost: true, format: 'ms' })),
  },
  {
    limits: {},
    lines: [
      {
        title: 'MJPEG, 640 x 480 at 20 a second: viewers',
        measure: (stage, seconds) => measureViewers(stage, 2 * seconds),
        limit: null,
        value: ({ perCore }) => perCore,
        target: null,
        format: 'viewers',
      },
    ],
  },
  {
    limits: {},
    rounds: 1,
    lines: [
      {
        title: '1 GB recorded and replayed: memory of the service above idle',
        measure: (stage) => measureLargeRecording(stage),
        limit: null,
        value: ({ bytes }) => bytes / 1e6,
        target: 200,
        atMost: true,
        format: 'MB',
      },
    ],
  },
  ...[1_000, 10_000].map((streams) => ({
    limits: {
      redis: {
        title: `the same from Redis, ${streams} streams`,
        measure: (stage, seconds) => measureStreamsLimit(stage, { streams }, seconds),
      },
    },
    rounds: 2,
    lines: [
      { title: `GraphQL: ${streams} streams with their metadata, queries`, target: null },
      {
        title: `GraphQL: ${streams} streams with their metadata, p99`,
        value: ({ p99Ms }) => p99Ms,
        atMost: true,
        format: 'ms',
        target: null,
      },
    ].map((line, _at, lines) => ({
      ...line,
      measure: (lines.measure ??= (stage, seconds) => measureStreamsQuery(stage, { streams }, seconds)),
      limit: 'redis',
    })),
  })),
  {
    limits: {},
    rounds: 2,
    lines: [
      {
        title: 'GraphQL: one stream to 500 subscriptions',
        measure: (stage, seconds) => measureEventSubscriptions(stage, seconds),
        limit: null,
        target: null,
      },
    ],
  },
  {
    limits: {},
    rounds: 1,
    lines: [
      {
        title: 'GraphQL: 5,000 devices connect and disconnect',
        measure: (stage) => measureStorm(stage),
        limit: null,
        target: null,
      },
    ],
  },
  {
    limits: {
      ten: {
        title: '10 followed',
        measure: (stage, seconds) => measureFollowed(stage, { followed: 10 }, 1.5 * seconds),
      },
    },
    lines: [
      {
        title: '10,000 followed, 10 active: CPU of service and Redis',
        measure: (stage, seconds) => measureFollowed(stage, { followed: 10_000 }, 1.5 * seconds),
        limit: 'ten',
        value: ({ cores }) => cores,
        target: 1.2,
        atMost: true,
        format: 'cores',
      },
    ],
  },
  {
    limits: {},
    rounds: 1,
    lines: [
      {
        title: '1,000 slow followers: memory of the service above idle',
        measure: (stage) => measureSlowFollowers(stage),
        limit: null,
        value: ({ bytes }) => bytes / 1e6,
        target: 200,
        atMost: true,
        format: 'MB',
      },
    ],
  },
  ...channelGroups,
];
