import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { waitFor } from '@sluice/testing';
import { FramePictures } from '../src/mjpeg/frame-pictures.js';
import { holoFrame, POSE } from './support/holo-frames.js';
import { MjpegViewer } from './support/mjpeg.js';
import { startStore, type Store } from './support/store.js';

let store: Store;
let standBy: Buffer;
const viewers: MjpegViewer[] = [];
beforeAll(async () => {
  store = await startStore();
  standBy = await store.service.app.get(FramePictures).standBy();
});
afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.close();
});
afterAll(() => store.close());

async function view(path: string): Promise<MjpegViewer> {
  const viewer = await MjpegViewer.open(`${store.url}/ptg/mjpeg/${path}`, standBy);
  viewers.push(viewer);
  return viewer;
}

function picture(background: string, size = 16): Promise<Buffer> {
  const create = { width: size, height: size, channels: 3, background } as const;
  return sharp({ create }).jpeg().toBuffer();
}

async function frame(background: string): Promise<Buffer> {
  return holoFrame({ type: 0, payload: await picture(background), after: [POSE] });
}

/** Mean red, green and blue, rounded to 0 or 255. */
async function colour(jpeg: Buffer | undefined): Promise<string> {
  const { channels } = await sharp(jpeg).stats();
  return channels.map(({ mean }) => (mean > 128 ? 'f' : '0')).join('');
}

const colours = (viewer: MjpegViewer): Promise<string[]> => Promise.all(viewer.parts.map(({ jpeg }) => colour(jpeg)));

describe('moving pictures', () => {
  test('begin with a black one; then every entry comes as a JPEG with its content type', async () => {
    const viewer = await view('default:main');
    expect(viewer.response.headers['content-type']).toBe('multipart/x-mixed-replace;boundary=frame');
    expect(viewer.response.headers['x-accel-buffering']).toBe('no');
    await viewer.count(1);
    for (const [index, background] of ['red', 'lime', 'blue'].entries()) {
      await store.add('default:main', await frame(background));
      await viewer.count(index + 2);
    }
    expect(await colours(viewer)).toEqual(['000', 'f00', '0f0', '00f']);
    expect(viewer.parts.map(({ head }) => head.split('\r\n')[0])).toEqual(
      viewer.parts.map(() => 'Content-Type: image/jpeg'),
    );
  });

  test('nothing for three seconds: a picture that asks to stand by, and then frames again', async () => {
    const viewer = await view('quiet?input=jpg');
    await waitFor(() => viewer.standBys.length > 0);
    expect(await sharp(viewer.standBys[0]).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 480 });
    expect((await sharp(viewer.standBys[0]).stats()).channels[0]?.stdev).toBeGreaterThan(10);
    await store.add('default:quiet', await picture('red'));
    await viewer.count(2);
    expect(await colours(viewer)).toEqual(['000', 'f00']);
  });

  test('from the first entry, from an id, and at most so many of what waits', async () => {
    const ids: string[] = [];
    for (const background of ['red', 'lime', 'blue'])
      ids.push(await store.add('default:old', await picture(background)));
    const all = await view('old?input=jpg&last_entry_id=0');
    const later = await view(`old?input=jpg&last_entry_id=${ids[0]}`);
    const last = await view('old?input=jpg&last_entry_id=-&count=1');
    await all.count(4);
    await later.count(3);
    await last.count(2);
    expect(await colours(all)).toEqual(['000', 'f00', '0f0', '00f']);
    expect(await colours(later)).toEqual(['000', '0f0', '00f']);
    expect(await colours(last)).toEqual(['000', '00f']);
  });

  test('of several streams; the one that leads takes the others along', async () => {
    const both = await view('one+two?input=jpg');
    const led = await view('one+two?input=jpg&time_sync_id=two');
    await both.count(1);
    await led.count(1);
    await store.add('default:two', await picture('lime'), '2000000000000-0');
    await both.count(2);
    await led.count(2);
    await store.add('default:one', await picture('red'), '1900000000000-0');
    await both.count(3);
    await store.add('default:one', await picture('blue'), '2000000000000-1');
    await both.count(4);
    await led.count(3);
    expect(await colours(both)).toEqual(['000', '0f0', 'f00', '00f']);
    expect(await colours(led)).toEqual(['000', '0f0', '00f']);
  });

  test('a malformed entry is left out, and costs neither the next nor other viewers', async () => {
    const viewer = await view('mixed?input=jpg');
    const other = await view('fine?input=jpg');
    await viewer.count(1);
    await other.count(1);
    await store.add('default:mixed', 'no picture');
    await store.add('default:fine', await picture('red'));
    await store.add('default:mixed', await picture('lime'));
    await viewer.count(2);
    await other.count(2);
    expect(await colours(viewer)).toEqual(['000', '0f0']);
  });

  test('many viewers see the same pictures', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => view('shared?input=jpg')));
    await Promise.all(all.map((viewer) => viewer.count(1)));
    await store.add('default:shared', await picture('blue'));
    await Promise.all(all.map((viewer) => viewer.count(2)));
    expect(new Set(all.map(({ parts }) => parts[1]?.jpeg.toString('latin1'))).size).toBe(1);
  });

  test('a viewer that does not read holds no backlog, and goes on with the newest', async () => {
    const viewer = await view('fast?input=jpg&count=1');
    await viewer.count(1);
    viewer.response.pause();
    const noise = await sharp({
      create: {
        width: 1500,
        height: 1500,
        channels: 3,
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
        background: 'gray',
      },
    })
      .jpeg({ quality: 95 })
      .toBuffer();
    for (let count = 0; count < 12; count++) await store.add('default:fast', noise);
    await store.add('default:fast', await picture('red'));
    viewer.response.resume();
    await waitFor(async () => (await colour(viewer.parts.at(-1)?.jpeg)) === 'f00');
    expect(viewer.parts.length).toBeLessThan(14);
  });

  test('a viewer that goes is followed for no longer', async () => {
    await store.followers(0);
    const viewer = await view('gone+away?input=jpg');
    await viewer.count(1);
    await store.followers(2);
    viewer.close();
    await store.followers(0);
  });
});

test('viewers are let go when the service stops', async () => {
  const stopping = await startStore();
  const viewer = await MjpegViewer.open(`${stopping.url}/ptg/mjpeg/any?input=jpg`, standBy);
  await viewer.count(1);
  await stopping.close();
  await waitFor(() => viewer.response.complete, { message: 'the answer has ended whole' });
});

describe('what cannot be viewed is refused before the answer begins', () => {
  test.each([
    ['a stream of unknown content', 'mine', 400, 'what stream \\"mine\\" holds is not known'],
    ['an unknown input', 'main?input=gif', 400, 'input \\"gif\\" is not one of'],
    ['a position that is none', 'main?last_entry_id=x', 422, '"last_entry_id"'],
    ['a count of nothing', 'main?count=0', 422, '"count"'],
    ['a leader that is not viewed', 'main?time_sync_id=other', 422, '"time_sync_id"'],
    ['a reserved name', 'sluice:recipes?input=jpg', 400, 'reserved'],
    ['percent-encoding of nothing', '%zz', 400, ''],
  ])('%s', async (_name, path, status, text) => {
    const answer = await fetch(`${store.url}/ptg/mjpeg/${path}`);
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status,
      text: expect.stringContaining(text),
    });
  });
});
