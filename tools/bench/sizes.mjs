import { measureBareRest, measureRest } from './http-load.mjs';
import { measureFlow, measurePace } from './measures.mjs';
import { measureRedisLimit } from './redis-limit.mjs';
import { measureBareEcho, measureBareFanout, measureBarePush } from './socket-limits.mjs';

const followers = 100;
const dialects = [
  { name: 'dialect', push: 'plain', pull: 'dialect' },
  { name: 'sluice.v1', push: 'v1', pull: 'v1' },
];

/** What is measured with longer payloads, beside what is measured with 100 bytes. Most of it for information, in one round. */
const sizes = [
  { size: '20 kB', payloadBytes: 20_000, oneToOne: 0.25, toMany: 0.9, rate: 200 },
  { size: '1 MB', payloadBytes: 1_000_000, oneToOne: 0.4, toMany: null, rate: 20 },
];

const flow = (spec) => (stage, seconds) => measureFlow(stage, spec, seconds);

/** Groups as in `lines.mjs`. */
export const sizeGroups = sizes.flatMap((each) => [
  pushGroup(each),
  { ...pairsGroup(each, 1), rounds: undefined },
  pairsGroup(each, 4),
  manyGroup(each),
  latencyGroup(each),
  restGroup(each),
]);

/** redis-benchmark takes no argument of 1 MB: there a bare socket is the limit. */
function pushGroup({ size, payloadBytes }) {
  const redis = (clients, pipeline) => ({
    title: `XADD ${clients}x${pipeline}, ${size}`,
    measure: (stage, seconds) => measureRedisLimit(stage, { clients, pipeline, payloadBytes }, seconds),
  });
  const isLarge = payloadBytes > 500_000;
  const limits = isLarge ? { many: bareSocket({ size, payloadBytes }) } : { many: redis(50, 16), one: redis(1, 1) };
  const lines = dialects.flatMap(({ name, push }) => [
    { title: `${size}: push, no ack: ${name}`, measure: flow({ push, payloadBytes }), limit: 'many' },
    {
      title: `${size}: push with ack, 1 in flight: ${name}`,
      measure: flow({ push, payloadBytes, inFlight: 1 }),
      limit: isLarge ? 'many' : 'one',
    },
  ]);
  return { limits, rounds: 1, lines: lines.map((line) => ({ ...line, target: null })) };
}

function pairsGroup({ size, payloadBytes, oneToOne }, streams) {
  return {
    limits: { ws: bareSocket({ size, payloadBytes }) },
    rounds: 1,
    lines: dialects.map(({ name, ...ways }) => ({
      title: `${size}, ${streams} to ${streams}: ${name}`,
      measure: flow({ ...ways, payloadBytes, streams }),
      limit: 'ws',
      target: streams === 1 ? oneToOne : null,
    })),
  };
}

function manyGroup({ size, payloadBytes, toMany }) {
  const perWrite = payloadBytes > 500_000 ? 1 : 8;
  const spec = { payloadBytes, perWrite, connections: followers };
  return {
    limits: {
      ws: {
        title: `bare ws, ${size}, ${followers} clients`,
        measure: (stage, seconds) => measureBareFanout(stage, spec, seconds),
      },
    },
    rounds: toMany === null ? 1 : undefined,
    lines: dialects.map(({ name, ...ways }) => ({
      title: `${size} to ${followers} followers: ${name}`,
      measure: flow({ ...ways, followers, payloadBytes }),
      limit: 'ws',
      target: toMany,
    })),
  };
}

function latencyGroup({ size, payloadBytes, rate }) {
  const spec = { payloadBytes, rate };
  return {
    limits: {
      echo: {
        title: `bare ws echo + XADD + XREAD, ${size}`,
        measure: (stage, seconds) => measureBareEcho(stage, spec, 2 * seconds),
      },
    },
    rounds: 1,
    lines: dialects.flatMap(({ name, push, pull }) => {
      const measure = (stage, seconds) => measurePace(stage, { push, pull, ...spec }, 2 * seconds);
      return [
        { title: `${size}: latency at ${rate} a second: ${name}, p50`, value: ({ p50Ms }) => p50Ms },
        { title: `${size}: latency at ${rate} a second: ${name}, p99`, value: ({ p99Ms }) => p99Ms },
      ].map((line) => ({ ...line, measure, limit: 'echo', atMost: true, format: 'ms', target: null }));
    }),
  };
}

function restGroup({ size, payloadBytes }) {
  const requests = [
    { request: 'post', what: 'POST, /v1' },
    { request: 'postParts', what: 'POST, dialect (multipart)' },
    { request: 'read', what: 'GET, dialect' },
    { request: 'readRaw', what: 'GET, /v1' },
  ];
  return {
    limits: Object.fromEntries(
      requests.map(({ request }) => [
        request,
        {
          title: `Nest on Fastify, same hop, ${size}`,
          measure: (stage, seconds) => measureBareRest(stage, { request, payloadBytes }, seconds),
        },
      ]),
    ),
    rounds: 1,
    lines: requests.map(({ request, what }) => ({
      title: `${size}: REST: ${what}`,
      measure: (stage, seconds) => measureRest(stage, { request, payloadBytes }, seconds),
      limit: request,
      target: null,
    })),
  };
}

function bareSocket({ size, payloadBytes }) {
  return {
    title: `bare ws, push of ${size}`,
    measure: (stage, seconds) => measureBarePush(stage, { payloadBytes }, seconds),
  };
}
