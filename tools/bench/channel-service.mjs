import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { CpuMeter, residentBytes } from './cpu.mjs';
import { MeasurementFailure } from './workers.mjs';

/*
 * What is measured on a channel gateway of its own, fresh and without the front door: memory, and queries of a state.
 */

const owner = 'channel-gateway';
const application = 'bench';
const million = 1_000_000;
const listLength = 1_000;
const listsAtOnce = 4;
const fillWithinMs = 60_000;
const idleMs = 1_000;
const found = 100;
const waiting = 10_000;
const connectAtOnce = 200;
const waitWithinMs = 30_000;
const pollMs = 50;
/** Rows lie in another order than that of `n`, so that nobody finds them by skipping the rest: no factor of a million. */
const stride = 7_919;

const demoRecord = { x: 7, y: 'seven', data: [0.25, 0.5, 0.75], mapping: { seven: 7 } };
const ownApplication = {
  SLUICE_CHANNELS: join(import.meta.dirname, 'channels.application.mjs'),
  SLUICE_CHANNEL_GATEWAY_WINDOW_ENTRIES: String(million),
  SLUICE_CHANNEL_GATEWAY_WINDOW_BYTES: String(512 * 1024 * 1024),
  SLUICE_CHANNEL_GATEWAY_STATE_RECORDS: String(million),
  SLUICE_CHANNEL_GATEWAY_STATE_BYTES: String(256 * 1024 * 1024),
};

/** A fresh gateway with channels that nobody else sees, and that are gone afterwards. */
async function withGateway(stage, environment, use) {
  const own = { SLUICE_CHANNEL_GATEWAY_APPLICATION: application, ...environment };
  try {
    return await stage.withSpareService(use, { owner, environment: own });
  } finally {
    const keys = await stage.redis.send('KEYS', `sluice:channels:{${application}}:*`);
    if (keys.length > 0) await stage.redis.send('UNLINK', ...keys.map(String));
  }
}

/** Memory of the service, with the demo and default settings, before and after a million records: `{ bytes, idleBytes }`. */
async function measureMemory(stage) {
  return await withGateway(stage, {}, async ({ port, pid }) => {
    const body = JSON.stringify(Array.from({ length: listLength }, () => demoRecord));
    await send(port, 'example', body);
    await delay(idleMs);
    const idleBytes = residentBytes(pid);
    const meter = new CpuMeter().start({ ...stage.pids({ owner }), service: pid });
    await fill(million - listLength, () => send(port, 'example', body));
    const use = meter.stop();
    await delay(idleMs);
    return { ...use, count: million, bytes: residentBytes(pid), idleBytes };
  });
}

/** Queries a second, one after the other, of a state of a million rows: 100 of them fit. */
async function measureFilter(stage, seconds) {
  return await withGateway(stage, ownApplication, async ({ port, pid }) => {
    let next = 0;
    const rows = () => Array.from({ length: listLength }, () => ({ n: (next++ * stride) % million, text: 'a row' }));
    await fill(million, () => send(port, 'rows', JSON.stringify(rows())));
    const query = async (from) => {
      const filters = [
        { attr: 'n', by: { value: from, where: '>=' } },
        { attr: 'n', by: { value: from + found, where: '<' } },
      ];
      const path = `/api/v1/state/rows?query=${encodeURIComponent(JSON.stringify({ filters }))}`;
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      if (!answer.ok) throw new MeasurementFailure(`GET ${path} answers ${answer.status}: ${await answer.text()}`);
      return await answer.json();
    };
    return await repeat(query, seconds, { service: pid, redis: stage.pids({ owner }).redis });
  });
}

/** The same of a table in DuckDB itself. */
async function measureBareFilter(_stage, seconds) {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  const json = `'{"id":"' || id || '","timestamp":"2030-01-01T00:00:00.000000","n":' || n || ',"text":"a row"}'`;
  const ids = `SELECT (1000000000000000000 + i)::VARCHAR AS id, (i * ${stride}) % ${million} AS n FROM range(${million}) t(i)`;
  await connection.run(`CREATE TABLE rows AS SELECT id, n, ${json} AS json FROM (${ids})`);
  const statement = await connection.prepare('SELECT json FROM rows WHERE n >= $1 AND n < $2 ORDER BY id');
  const query = async (from) => {
    statement.bindInteger(1, from);
    statement.bindInteger(2, from + found);
    const reader = await statement.runAndReadAll();
    return reader.getRows();
  };
  try {
    return await repeat(query, seconds, {});
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

async function repeat(query, seconds, processes) {
  await query(0);
  const meter = new CpuMeter().start({ ...processes, client: process.pid });
  const startedAt = performance.now();
  let count = 0;
  while (performance.now() - startedAt < seconds * 1000) {
    const rows = await query((count * 997 * found) % (million - found));
    if (rows.length !== found) throw new MeasurementFailure(`${rows.length} rows fit instead of ${found}`);
    count += 1;
  }
  const taken = (performance.now() - startedAt) / 1000;
  return { ...meter.stop(), count, rate: count / taken };
}

/** 10,000 requests that one tick answers: `{ bytes }` that they take while they wait, `{ ms }` from the send to the last answer. */
async function measureWaiting(stage) {
  return await withGateway(stage, ownApplication, async ({ port, pid }) => {
    await send(port, 'quiet', '{}');
    await delay(idleMs);
    const idleBytes = residentBytes(pid);
    const sockets = [];
    try {
      const answers = await openWaiting(port, sockets);
      await untilAllWait(port);
      const bytes = residentBytes(pid) - idleBytes;
      const meter = new CpuMeter().start({ service: pid, redis: stage.pids({ owner }).redis, client: process.pid });
      const startedAt = performance.now();
      await send(port, 'quiet', '{"text":"at last"}');
      await within(Promise.all(answers), 'not all of those who wait are answered');
      return { ...meter.stop(), count: waiting, bytes, ms: performance.now() - startedAt };
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
}

/** The answers to come. */
async function openWaiting(port, sockets) {
  const answers = [];
  for (let at = 0; at < waiting; at += connectAtOnce) {
    const some = Array.from({ length: connectAtOnce }, () => connect(port, '127.0.0.1'));
    sockets.push(...some);
    await Promise.all(some.map(opened));
    for (const socket of some) {
      answers.push(answerOf(socket));
      socket.write('GET /api/v1/next/quiet HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    }
  }
  return answers;
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) => reject(new MeasurementFailure(`${waiting} connections: ${error.message}`)));
  });
}

function answerOf(socket) {
  const answer = new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
      if (text.includes('"at last"')) resolve();
    });
    socket.once('close', () =>
      reject(new MeasurementFailure(`a request that waits ended with "${text.slice(0, 200)}"`)),
    );
  });
  answer.catch(() => undefined);
  return answer;
}

async function untilAllWait(port) {
  const giveUpAt = performance.now() + waitWithinMs;
  for (let count = 0; count < waiting; await delay(pollMs)) {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    count = Number(/^sluice_channels_waiting_requests\S* (\d+)/m.exec(metrics)?.[1] ?? 0);
    if (performance.now() > giveUpAt)
      throw new MeasurementFailure(`only ${count} requests wait after ${waitWithinMs} ms`);
  }
}

/** Sends lists, some at once, until there are so many records. */
async function fill(records, sendList) {
  const giveUpAt = performance.now() + fillWithinMs;
  let left = records / listLength;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      if (performance.now() > giveUpAt)
        throw new MeasurementFailure(`${records} records take more than ${fillWithinMs} ms`);
      await sendList();
    }
  };
  await Promise.all(Array.from({ length: listsAtOnce }, work));
}

async function send(port, channel, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/send/${channel}`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  if (!answer.ok) throw new MeasurementFailure(`POST of ${channel} answers ${answer.status}`);
}

async function within(promise, what) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new MeasurementFailure(`${what} within ${waitWithinMs} ms`)), waitWithinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const lowest = { limit: null, target: null, atMost: true };

/** Lines of the channels that have a service of their own; see `lines.mjs` for what a line is. */
export const spareChannelGroups = [
  {
    limits: { duck: { title: 'bare DuckDB', measure: measureBareFilter } },
    rounds: 1,
    lines: [
      { title: 'channels: 100 of 1,000,000 rows of a state', measure: measureFilter, limit: 'duck', target: null },
    ],
  },
  {
    limits: {},
    rounds: 1,
    lines: [
      { title: 'channels: 10,000 wait for a tick: answered within', value: ({ ms }) => ms, format: 'ms' },
      { title: 'channels: 10,000 wait for a tick: memory', value: ({ bytes }) => bytes / 1e6, format: 'MB' },
    ].map((line) => ({ ...lowest, ...line, measure: measureWaiting })),
  },
  {
    limits: {},
    rounds: 1,
    lines: [
      {
        title: 'channels: memory after 1,000,000 records, of idle',
        value: ({ bytes, idleBytes }) => bytes / idleBytes,
        format: 'times',
        target: 1.3,
      },
      {
        title: 'channels: memory after 1,000,000 records, above idle',
        value: ({ bytes, idleBytes }) => (bytes - idleBytes) / 1e6,
        format: 'MB',
      },
    ].map((line) => ({ ...lowest, ...line, measure: measureMemory })),
  },
];
