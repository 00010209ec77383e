import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { spareChannelGroups } from './channel-service.mjs';
import { CpuMeter } from './cpu.mjs';
import { loadRequest, measureBareRest } from './http-load.mjs';
import { measureRedisLimit } from './redis-limit.mjs';
import { measureBareFanout } from './socket-limits.mjs';
import { MeasurementFailure } from './workers.mjs';

/*
 * The channel gateway on its demo application, through the front door: the channel `example`, which also ticks by itself once a second.
 */

const owner = 'channel-gateway';
const listLength = 1_000;
/** Bytes of a record of the demo as a subscriber gets it, about. */
const recordBytes = 350;
const echoes = 300;
const echoWithinMs = 5_000;

const record = { x: 7, y: 'seven', data: [0.25, 0.5, 0.75], mapping: { seven: 7 } };
const records = Array.from({ length: listLength }, () => record);
const json = { 'content-type': 'application/json' };
const requests = {
  last: { method: 'GET', path: '/api/v1/last/example', headers: {}, body: '' },
  send: { method: 'POST', path: '/api/v1/send/example', headers: json, body: JSON.stringify(record) },
  list: { method: 'POST', path: '/api/v1/send/example', headers: json, body: JSON.stringify(records) },
};

/** Requests a second. */
async function measureRequest(stage, request, seconds) {
  await post(stage, requests.send.body);
  return await loadRequest(stage.port({ owner }), requests[request], { seconds, processes: stage.pids({ owner }) });
}

/** Records a second that arrive in lists. */
async function measureLists(stage, seconds) {
  const sample = await measureRequest(stage, 'list', seconds);
  return { ...sample, count: sample.count * listLength, rate: sample.rate * listLength };
}

/** Messages a second that reach so many subscribers, while one client sends lists as fast as they are taken. */
async function measureDelivered(stage, subscribers, seconds) {
  const sockets = await Promise.all(Array.from({ length: subscribers }, () => subscribe(stage)));
  let delivered = 0;
  for (const socket of sockets) socket.on('message', () => (delivered += 1));
  const meter = new CpuMeter().start({ ...stage.pids({ owner }), client: process.pid });
  const startedAt = performance.now();
  const stopAt = startedAt + seconds * 1000;
  // Sends run ahead of what is delivered by at most this many messages: the figure is of what arrives.
  const ahead = 4 * listLength * subscribers;
  let sent = 0;
  while (performance.now() < stopAt) {
    await post(stage, requests.list.body);
    sent += listLength * subscribers;
    while (sent - delivered > ahead && performance.now() < stopAt) await delay(1);
  }
  const taken = (performance.now() - startedAt) / 1000;
  const use = meter.stop();
  for (const socket of sockets) socket.terminate();
  if (delivered === 0) throw new MeasurementFailure(`nothing reached ${subscribers} subscribers`);
  return { ...use, count: delivered, rate: delivered / taken };
}

/** Milliseconds from a send to its echo, one at a time: `{ p50Ms, p99Ms }`. */
async function measureEcho(stage, subscribers) {
  const others = await Promise.all(Array.from({ length: subscribers - 1 }, () => subscribe(stage)));
  const socket = await subscribe(stage);
  const meter = new CpuMeter().start({ ...stage.pids({ owner }), client: process.pid });
  const times = [];
  for (let x = 0; x < echoes; x++) {
    const y = `echo ${x}`;
    const startedAt = performance.now();
    const echoed = echoOf(socket, `"${y}"`);
    socket.send(JSON.stringify({ action: 'send', channel: 'example', data: { x, y } }));
    await echoed;
    times.push(performance.now() - startedAt);
  }
  const use = meter.stop();
  for (const one of [socket, ...others]) one.terminate();
  times.sort((one, other) => one - other);
  return { ...use, count: echoes, p50Ms: times[echoes / 2], p99Ms: times[Math.floor(echoes * 0.99)] };
}

/** Resolves with the message that has this text; messages of one read come one right after the other. */
function echoOf(socket, text) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new MeasurementFailure(`no echo of ${text}`)), echoWithinMs);
    const look = (message) => {
      if (!String(message).includes(text)) return;
      clearTimeout(timer);
      socket.off('message', look);
      resolve();
    };
    socket.on('message', look);
  });
}

async function post(stage, body) {
  const { path, headers } = requests.send;
  const url = `http://127.0.0.1:${stage.port({ owner })}${path}`;
  const answer = await fetch(url, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  if (!answer.ok) throw new MeasurementFailure(`POST ${path} answers ${answer.status}`);
}

async function subscribe(stage) {
  const socket = new WebSocket(`ws://127.0.0.1:${stage.port({ owner })}/api/v1/stream`, { perMessageDeflate: false });
  await once(socket, 'open');
  socket.send(JSON.stringify({ action: 'subscribe', channel: 'example', ack: 1 }));
  await once(socket, 'message');
  return socket;
}

const bareRest = (request, payloadBytes) => ({
  title: 'Nest on Fastify, same hop',
  measure: (stage, seconds) => measureBareRest(stage, { request, payloadBytes }, seconds),
});
const bareFanout = (connections) => ({
  title: `bare ws, ${connections} clients`,
  measure: (stage, seconds) =>
    measureBareFanout(stage, { payloadBytes: recordBytes, perWrite: 1, connections }, seconds),
});

/** Lines of the channels; see `lines.mjs` for what a line is. */
export const channelGroups = [
  {
    limits: {
      last: bareRest('read', recordBytes),
      send: bareRest('post', requests.send.body.length),
      list: {
        title: 'XADD 1x64',
        measure: (stage, seconds) =>
          measureRedisLimit(stage, { clients: 1, pipeline: 64, payloadBytes: recordBytes }, seconds),
      },
    },
    lines: [
      {
        title: 'channels: GET last',
        measure: (stage, seconds) => measureRequest(stage, 'last', seconds),
        limit: 'last',
        target: 0.5,
      },
      // The limits of these two are more than the targets ask for: the first stores nothing, the second reads no JSON.
      {
        title: 'channels: POST of one record',
        measure: (stage, seconds) => measureRequest(stage, 'send', seconds),
        limit: 'send',
        target: 0.4,
      },
      {
        title: `channels: records in lists of ${listLength.toLocaleString('en')}`,
        measure: measureLists,
        limit: 'list',
        target: 0.3,
      },
    ],
  },
  ...[1, 10, 100].map((subscribers) => ({
    limits: { ws: bareFanout(subscribers) },
    lines: [
      {
        title: `channels: delivered to ${subscribers}`,
        measure: (stage, seconds) => measureDelivered(stage, subscribers, seconds),
        limit: 'ws',
        target: 0.5,
      },
    ],
  })),
  {
    limits: {},
    lines: [1, 100].flatMap((subscribers) =>
      [
        { title: `channels: echo with ${subscribers}, p50`, value: ({ p50Ms }) => p50Ms },
        { title: `channels: echo with ${subscribers}, p99`, value: ({ p99Ms }) => p99Ms },
      ].map((line) => ({
        ...line,
        measure: (stage) => measureEcho(stage, subscribers),
        limit: null,
        target: null,
        atMost: true,
        format: 'ms',
      })),
    ),
  },
  ...spareChannelGroups,
];
