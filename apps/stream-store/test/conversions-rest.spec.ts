import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { holoFrame, LENS, POSE } from './support/holo-frames.js';
import { PtgClient } from './support/ptg.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let client: PtgClient;
beforeAll(async () => {
  store = await startStore();
  client = new PtgClient(store);
});
afterAll(() => store.close());

function colour(background: string, size = 16): Promise<Buffer> {
  return sharp({ create: { width: size, height: size, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

async function get(query: string): Promise<{ status: number; body: Buffer }> {
  const response = await client.fetch(`/data/${query}`);
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

/** Whether red or blue is what a picture has most of. */
async function hue(picture: Buffer): Promise<string> {
  const { channels } = await sharp(picture).stats();
  const [red, , blue] = channels.map(({ mean }) => mean);
  return (red ?? 0) > (blue ?? 0) ? 'red' : 'blue';
}

describe.each([
  [2, 'red'],
  [3, 'blue'],
])('frames of version %i, read over REST', (version, seen) => {
  const sid = `v${version}:main`;
  let frame: Buffer;
  beforeAll(async () => {
    frame = holoFrame({ type: 0, version, width: 16, height: 16, payload: await colour('red'), after: [POSE, LENS] });
    await store.add(sid, frame);
  });

  test('as they are, with output=same and without', async () => {
    expect((await get(`${sid}?output=same`)).body).toEqual(frame);
    expect((await get(sid)).body).toEqual(frame);
  });

  test.each(['jpg', 'png'])('as %s', async (output) => {
    const { status, body } = await get(`${sid}?output=${output}`);
    expect(status).toBe(200);
    expect((await sharp(body).metadata()).format).toBe(output === 'jpg' ? 'jpeg' : 'png');
    expect(await hue(body)).toBe(seen);
  });

  test('as JSON and as float32', async () => {
    const rows = JSON.parse((await get(`${sid}?output=json`)).body.toString()) as number[][][];
    expect([rows.length, rows[0]?.length, rows[0]?.[0]?.length]).toEqual([16, 16, 3]);
    const [red = 0, , blue = 0] = rows[8]?.[8] ?? [];
    expect(red > blue ? 'red' : 'blue').toBe(seen);
    const { body } = await get(`${sid}?output=ndarray`);
    expect(body).toHaveLength(16 * 16 * 3 * 4);
    expect(body.readFloatLE((8 * 16 + 8) * 3 * 4)).toBe(red);
  });
});

test('a malformed frame costs its own request, and the ones before it are read', async () => {
  const good = holoFrame({ type: 0, payload: await colour('red'), after: [POSE] });
  await store.add('bad:main', good, '1-0');
  await store.add('bad:main', good.subarray(0, 40), '2-0');
  expect((await get('bad:main?output=jpg')).status).toBe(400);
  expect((await get('bad:main?output=jpg&last_entry_id=0')).status).toBe(200);
  expect((await get('bad:main?output=same')).body).toEqual(good.subarray(0, 40));
});

test('slow conversions that one client waits for do not delay those of another', async () => {
  const large = await sharp(await colour('teal', 1800))
    .png()
    .toBuffer();
  for (const id of ['1-0', '2-0', '3-0']) await store.add('slow:frames', large, id);
  await store.add('quick:hand', '{"a":1}');
  const socket = await client.pull('slow:frames/pull?input=png&output=json&last_entry_id=0&latest=0');
  const order: string[] = [];
  const slow = (async () => {
    for (let count = 0; count < 3; count++) {
      await socket.message();
      order.push('slow');
    }
  })();
  for (let count = 0; count < 4; count++) {
    expect((await get('quick:hand?output=json')).body.toString()).toBe('{"a":1}');
    order.push('quick');
  }
  await slow;
  expect(order.at(-1)).toBe('slow');
  await socket.close();
});
