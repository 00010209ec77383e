import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/testing';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordingStore, BEARER } from './support/recordings.js';
import { TestSocket } from './support/socket.js';

interface Progress {
  readonly updates: Record<string, number>;
  readonly active: string[];
  readonly durations: Record<string, number>;
  readonly current: Record<string, number>;
}

let recordings: RecordingStore;
/** Ids whose times are these milliseconds apart. */
const BASE = 1_700_000_000_000;
const TIMES = [0, 100, 200, 400];

beforeAll(async () => {
  recordings = await RecordingStore.start();
  const { store } = recordings;
  await recordings.ask('PUT', '/start?rec_id=paced');
  for (const time of TIMES) await store.add('default:main', `m${time}`, `${BASE + time}-0`);
  for (const time of [50, 150]) await store.add('default:side', `s${time}`, `${BASE + time}-0`);
  await store.redis.command('XADD', 'default:main', `${BASE + 500}-0`, 'd', 'm500', 'pose', 'p');
  await recordings.ask('PUT', '/stop');
  await recordings.ask('PUT', '/start?rec_id=many');
  const log = store.log;
  await Promise.all(Array.from({ length: 3000 }, (_, at) => log.append('default:main2', Buffer.from(`${at}`))));
  await recordings.ask('PUT', '/stop');
});

afterAll(async () => {
  await recordings.close();
});

function open(query: string): Promise<TestSocket> {
  return TestSocket.open(`${recordings.store.ws}/ptg/recordings/replay?${query}`, { headers: BEARER });
}

/** Every message until the end, and how it ended. */
async function play(query: string): Promise<{ messages: Progress[]; code: number; reason: string }> {
  const socket = await open(query);
  const { code, reason } = await socket.closed;
  const messages: Progress[] = [];
  while (socket.pending > 0) messages.push(await socket.json<Progress>());
  return { messages, code, reason };
}

async function texts(key: string): Promise<string[]> {
  return (await recordings.store.entries(key)).map(({ d }) => d);
}

describe('a replay', () => {
  it('adds the entries with new ids at the distances at which they were recorded, tells how far it is, and closes 1000', async () => {
    const startedAt = Date.now();
    const { messages, code } = await play('rec_id=paced&prefix=re:&sid=main%2Bside&interval=0.05');
    expect(code).toBe(1000);
    expect(await texts('re:main')).toEqual(['m0', 'm100', 'm200', 'm400', 'm500']);
    expect(await texts('re:side')).toEqual(['s50', 's150']);
    const found = (await recordings.store.entries('re:main')).map(({ id }) => Number(id.split('-')[0]) - startedAt);
    // Never before its time, however late a loaded machine is with others.
    for (const [at, time] of [0, 100, 200, 400, 500].entries()) expect(found[at]).toBeGreaterThanOrEqual(time - 2);
    expect(messages[0]).toEqual({
      updates: {},
      active: ['main', 'side'],
      durations: { main: 0.5, side: 0.1 },
      current: { main: 0, side: 0 },
    });
    expect(messages.at(-1)).toMatchObject({ active: [], current: { main: 0.5, side: 0.1 } });
    const sum = (sid: string): number => messages.reduce((total, { updates }) => total + (updates[sid] ?? 0), 0);
    expect([sum('main'), sum('side')]).toEqual([5, 2]);
    expect(messages.length).toBeGreaterThan(3);
  });

  it('gives entries their fields beside d again', async () => {
    await play('rec_id=paced&prefix=fields:&fullspeed=True');
    const reply = (await recordings.store.redis.command('XREVRANGE', 'fields:main', '+', '-', 'COUNT', 1)) as [
      string,
      string[],
    ][];
    expect(reply[0]![1]).toEqual(['d', 'm500', 'pose', 'p']);
  });

  it('goes at full speed, in order, each entry once', async () => {
    await recordings.store.redis.command('DEL', 'fast:main2');
    const { code, messages } = await play('rec_id=many&sid=main2&prefix=fast:&fullspeed=1');
    expect(code).toBe(1000);
    expect(messages.reduce((total, { updates }) => total + (updates['main2'] ?? 0), 0)).toBe(3000);
    expect((await texts('fast:main2')).slice(-1000)).toEqual(Array.from({ length: 1000 }, (_, at) => `${2000 + at}`));
  });

  it('plays only the seconds between start and end', async () => {
    await play('rec_id=paced&prefix=cut:&start=0.1&end=0.4&fullspeed=1');
    expect(await texts('cut:main')).toEqual(['m100', 'm200', 'm400']);
  });

  it('pauses, goes on, seeks and changes its speed when told to', async () => {
    const socket = await open('rec_id=paced&prefix=ctl:&interval=0.02&speed=0.01');
    await waitFor(async () => (await texts('ctl:main')).length === 1);
    socket.send('{"pause":true}');
    socket.send('{"seek":0.4}');
    socket.send('{"speed":100}');
    await socket.json();
    expect(await texts('ctl:main')).toEqual(['m0']);
    socket.send('{"resume":true}');
    expect((await socket.closed).code).toBe(1000);
    expect(await texts('ctl:main')).toEqual(['m0', 'm400', 'm500']);
  });

  it('begins again where it loops, until the client goes', async () => {
    const socket = await open('rec_id=paced&prefix=loop:&sid=side&loop=1&speed=50');
    await waitFor(async () => (await texts('loop:side')).length >= 5);
    expect((await texts('loop:side')).slice(0, 5)).toEqual(['s50', 's150', 's50', 's150', 's50']);
    await socket.close();
  });

  it.each(['{"jump":1}', 'pause', '{"seek":-1}', '{"speed":0}', '[]', 'null', '{"seek":"1"}', 'x'.repeat(5000)])(
    'ends with 1008 when told %j',
    async (text) => {
      const socket = await open('rec_id=paced&prefix=bad:&speed=0.01');
      socket.send(text);
      expect(await socket.closed).toMatchObject({ code: 1008, reason: expect.stringContaining('INVALID_PARAMETER') });
    },
  );

  it.each([
    ['rec_id=nothing'],
    ['rec_id=paced&sid=none'],
    ['rec_id=paced&sid='],
    [''],
    ['rec_id=..'],
    ['rec_id=../raw/paced'],
    ['rec_id=paced&sid=../side'],
    ['rec_id=paced&interval=x'],
    ['rec_id=paced&speed=0'],
    ['rec_id=paced&start=2&end=1'],
    ['rec_id=paced&prefix=sluice:'],
    ['rec_id=paced&prefix=%3Ax'],
  ])('is refused before the handshake for %s', async (query) => {
    await expect(open(query)).rejects.toMatchObject({ status: 403 });
  });

  it('of a recording that is deleted meanwhile says so, and ends', async () => {
    const { dir } = recordings;
    await cp(join(dir, 'raw', 'many'), join(dir, 'raw', 'brief'), { recursive: true });
    const socket = await open('rec_id=brief&sid=main2&prefix=brief:&speed=0.001');
    await socket.json<Progress>();
    expect((await recordings.ask('DELETE', '/brief')).body).toEqual([true, true]);
    socket.ws.send('{"seek":0}');
    socket.ws.send('{"speed":1000}');
    const { code, reason } = await socket.closed;
    expect([code, reason]).toEqual([1008, expect.stringContaining('RECORDING_NOT_FOUND')]);
  });
});
