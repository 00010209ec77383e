import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { CpuMeter } from './cpu.mjs';
import { payloadOf } from './frames.mjs';
import { RedisConnection } from './redis-connection.mjs';
import { MeasurementFailure } from './workers.mjs';

const owner = 'registry';
const prefix = 'default:bench-';
const query = `{ streams(prefix: "${prefix}") { id length entriesAdded firstEntryId lastEntryId meta } }`;
const queriesAtOnce = 4;
const fillAtOnce = 1_000;
const payloadBytes = 100;
const foundWithinMs = 20_000;
const pollMs = 20;

const subscriptions = 500;
const entriesUnderWay = 20;

const devices = 5_000;
const mutationsAtOnce = 64;

/** Queries a second for all streams, with what Redis says of each and its metadata. Resolves with `{ count, p99Ms, cpu, others }`. */
export async function measureStreamsQuery(stage, { streams }, seconds) {
  const own = new Set((await fill(stage, streams)).map((key) => key.slice(prefix.length)));
  const pool = new Pool(`http://127.0.0.1:${stage.port({ owner })}`, { connections: queriesAtOnce });
  try {
    // Streams of the lines before may still be there.
    const found = async () => (await ask(pool, query)).streams.filter(({ id }) => own.has(id)).length;
    const deadline = Date.now() + foundWithinMs;
    while ((await found()) !== streams) {
      if (Date.now() > deadline)
        throw new MeasurementFailure(`the registry finds ${await found()} of ${streams} streams`);
      await delay(pollMs);
    }
    return await repeat(stage, seconds, async () => {
      const answer = await found();
      if (answer !== streams) throw new MeasurementFailure(`${answer} of ${streams} streams are listed`);
    });
  } finally {
    await pool.destroy();
  }
}

/** The reads that such a query needs, straight from Redis: what it says of each stream, and the metadata, in one pipeline. */
export async function measureStreamsLimit(stage, { streams }, seconds) {
  const keys = await fill(stage, streams);
  const commands = keys.flatMap((key) => [
    ['XINFO', 'STREAM', key],
    ['GET', `:stream:meta:${key}`],
  ]);
  const connections = await Promise.all(
    Array.from({ length: queriesAtOnce }, () => RedisConnection.open(stage.redisPort)),
  );
  try {
    return await repeat(stage, seconds, async (at) => void (await connections[at].sendAll(commands)));
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Entries a second that 500 subscriptions to one stream are given, each over a socket of its own, none lost. */
export async function measureEventSubscriptions(stage, seconds) {
  const stream = stage.newStream();
  const url = `ws://127.0.0.1:${stage.port({ owner })}/graphql`;
  const followers = await Promise.all(Array.from({ length: subscriptions }, () => follow(url, stream)));
  try {
    // Until all of them get the same entry, some may not have begun.
    while (!followers.every(({ seen }) => seen() > 0)) await add(stage, stream, pollMs);
    await settled(followers);
    const from = followers.map(({ seen }) => seen());
    const meter = new CpuMeter().start(stage.pids({ owner }));
    const endsAt = performance.now() + seconds * 1000;
    let added = 0;
    while (performance.now() < endsAt) {
      await stage.redis.send('XADD', `default:${stream}`, '*', 'd', payloadOf(payloadBytes));
      added += 1;
      while (followers.some(({ seen }, at) => seen() - from[at] < added - entriesUnderWay)) await delay(1);
    }
    await settled(followers);
    const use = meter.stop();
    const least = Math.min(...followers.map(({ seen }, at) => seen() - from[at]));
    if (least < added) throw new MeasurementFailure(`of ${added} entries a subscription was given ${least}`);
    return { ...use, count: added * subscriptions, rate: (added * subscriptions) / use.seconds };
  } finally {
    for (const { close } of followers) close();
  }
}

/** Connects and disconnects a second, as 5,000 devices come at once and go at once. */
export async function measureStorm(stage) {
  const pool = new Pool(`http://127.0.0.1:${stage.port({ owner })}`, { connections: mutationsAtOnce });
  const all = async (text) => {
    let next = 0;
    const one = async () => {
      for (let at = next++; at < devices; at = next++) await ask(pool, text, { id: `bench-device-${at}` });
    };
    await Promise.all(Array.from({ length: mutationsAtOnce }, one));
  };
  const assertConnected = async (wanted) => {
    const connected = await stage.redis.send('SCARD', ':devices:connected');
    if (connected !== wanted) throw new MeasurementFailure(`${connected} devices are connected, not ${wanted}`);
  };
  try {
    const meter = new CpuMeter().start(stage.pids({ owner }));
    await all('mutation Connect($id: String!) { connectDevice(deviceId: $id, meta: {n: 1}) }');
    await assertConnected(devices);
    await all('mutation Disconnect($id: String!) { disconnectDevice(deviceId: $id) }');
    const use = meter.stop();
    await assertConnected(0);
    await ask(pool, 'mutation { flush }');
    return { ...use, count: 2 * devices, rate: (2 * devices) / use.seconds };
  } finally {
    await pool.destroy();
  }
}

/** Streams with an entry and metadata; the stage deletes the streams. */
async function fill(stage, streams) {
  const keys = Array.from({ length: streams }, () => `default:${stage.newStream()}`);
  for (let start = 0; start < keys.length; start += fillAtOnce) {
    const some = keys.slice(start, start + fillAtOnce);
    await stage.redis.sendAll(some.map((key) => ['XADD', key, '*', 'd', payloadOf(payloadBytes)]));
  }
  return keys;
}

/** Does something again and again, several at a time; resolves with how often, and how long the slowest hundredth took. */
async function repeat(stage, seconds, action) {
  const took = [];
  const meter = new CpuMeter().start(stage.pids({ owner }));
  const endsAt = performance.now() + seconds * 1000;
  const one = async (at) => {
    while (performance.now() < endsAt) {
      const from = performance.now();
      await action(at);
      took.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: queriesAtOnce }, (_, at) => one(at)));
  const use = meter.stop();
  took.sort((left, right) => left - right);
  return {
    ...use,
    count: took.length,
    rate: took.length / use.seconds,
    p99Ms: took[Math.floor((took.length - 1) * 0.99)],
  };
}

async function ask(pool, text, variables = {}) {
  const { statusCode, body } = await pool.request({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text, variables }),
  });
  const answer = await body.json();
  if (statusCode === 200 && !answer.errors) return answer.data;
  throw new MeasurementFailure(`POST /graphql: ${statusCode} ${JSON.stringify(answer).slice(0, 300)}`);
}

/** One subscription; `seen()` counts its entries. */
async function follow(url, stream) {
  const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
  let seen = 0;
  let failure = null;
  const subscription = `subscription { data(streamIds: ["${stream}"]) { time string } }`;
  socket.on('close', (code, reason) => (failure ??= `closed with ${code} ${reason}`));
  socket.on('message', (data) => {
    const text = Buffer.from(data).toString();
    if (text.includes('"type":"next"')) seen += 1;
    else if (text.includes('"type":"error"')) failure = text;
    else if (text.includes('"type":"connection_ack"')) {
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: subscription } }));
    }
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  const count = () => {
    if (failure) throw new MeasurementFailure(`a subscription was refused: ${failure}`);
    return seen;
  };
  return { seen: count, close: () => socket.terminate() };
}

async function add(stage, stream, waitMs) {
  await stage.redis.send('XADD', `default:${stream}`, '*', 'd', payloadOf(payloadBytes));
  await delay(waitMs);
}

/** Waits until nothing more comes. */
async function settled(followers) {
  const total = () => followers.reduce((sum, { seen }) => sum + seen(), 0);
  for (let before = -1; before !== total();) {
    before = total();
    await delay(10 * pollMs);
  }
}
