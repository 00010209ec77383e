import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { TestSocket, cut } from './support/socket.js';
import { startStore, type Store } from './support/store.js';
import { read, upload } from './support/upload.js';

/** What a reader is told of entries that were trimmed before it came to them. */
interface Gap {
  readonly sid: string;
  readonly after: string;
  readonly next: string;
  readonly lost: number | null;
}

let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

describe('from push to pull', () => {
  it.each([
    ['1 kB', 1_000, 3_000],
    ['20 kB', 20_000, 1_000],
    ['1 MB', 1_000_000, 30],
  ])('every message of %s arrives once, in order (94)', async (_title, bytes, messages) => {
    const sid = uniqueName('s');
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?block=0`);
    const push = await TestSocket.open(`${store.ws}/data/${sid}/push?ack=1`);
    for (let n = 0; n < messages; n++) {
      const payload = Buffer.alloc(bytes, n % 251);
      payload.writeUInt32BE(n);
      push.push([bytes], payload);
    }
    const seen: number[] = [];
    while (seen.length < messages) {
      const { payload } = await pull.message();
      expect(payload.length).toBe(bytes);
      seen.push(payload.readUInt32BE());
    }
    expect(seen).toEqual(Array.from({ length: messages }, (_, n) => n));
    await Promise.all([pull.close(), push.close()]);
  });

  it('100 readers of one stream all get everything (95)', async () => {
    const sid = uniqueName('s');
    const readers = await Promise.all(
      Array.from({ length: 100 }, () => TestSocket.open(`${store.ws}/data/${sid}/pull?block=0`)),
    );
    const push = await TestSocket.open(`${store.ws}/data/${sid}/push?header=0`);
    for (let n = 0; n < 200; n++) push.send(Buffer.from(String(n)));
    const all = Array.from({ length: 200 }, (_, n) => String(n));
    await Promise.all(
      readers.map(async (reader) => {
        const texts: string[] = [];
        while (texts.length < 200) texts.push(...cut(await reader.message()).map(({ text }) => text));
        expect(texts).toEqual(all);
        await reader.close();
      }),
    );
    await push.close();
    await store.followers(0);
  });

  it('REST takes and gives hundreds at once (97)', async () => {
    const sid = uniqueName('s');
    const url = `${store.url}/data/${sid}`;
    const posts = await Promise.all(
      Array.from({ length: 300 }, (_, n) => upload(url, [{ payload: String(n), filename: 'f' }])),
    );
    expect(new Set(posts.map(({ body }) => (body as string[])[0])).size).toBe(300);
    const gets = await Promise.all(Array.from({ length: 300 }, () => read(`${url}?last_entry_id=0&count=300`)));
    for (const { offsets } of gets) expect(offsets).toHaveLength(300);
  });
});

describe('a slow reader', () => {
  it('is paused, told what was trimmed before it came to it, and goes on (96, 98)', async () => {
    const sid = uniqueName('slow');
    const key = `default:${sid}`;
    const slow = await TestSocket.open(`${store.ws}/data/${sid}/pull?gaps=1&block=0&header=1`);
    slow.ws.pause();
    const payload = Buffer.alloc(256 * 1024);
    for (let n = 1; n <= 120; n++) await store.add(key, payload, `${n}-0`);
    await waitFor(async () =>
      (await (await fetch(`${store.url}/metrics`)).text()).match(/slow_followers\{[^}]*\} 1\n/),
    );
    await store.redis.command('XTRIM', key, 'MINID', '119');
    slow.ws.resume();
    const ids: number[] = [];
    const gaps: Gap[] = [];
    while (ids.at(-1) !== 120) {
      const header: [string, string, number][] | { gap: Gap } = await slow.json();
      if (Array.isArray(header)) {
        ids.push(...header.map(([, id]) => Number.parseInt(id, 10)));
        await slow.binary();
      } else {
        gaps.push(header.gap);
      }
    }
    const before = Number.parseInt(gaps[0]?.after ?? '', 10);
    expect(gaps).toEqual([{ sid, after: `${before}-0`, next: '119-0', lost: 119 - before - 1 }]);
    expect(ids).toEqual([...Array.from({ length: before }, (_, n) => n + 1), 119, 120]);
    await slow.close();
  });

  it('that did not ask for it is told nothing besides entries', async () => {
    const sid = uniqueName('s');
    for (let n = 1; n <= 9; n++) await store.add(`default:${sid}`, 'x', `${n}-0`);
    await store.redis.command('XTRIM', `default:${sid}`, 'MINID', '8');
    const pull = await TestSocket.open(`${store.ws}/data/${sid}/pull?last_entry_id=1-0`);
    expect((await pull.message()).header).toEqual([[sid, '8-0', 1]]);
    await pull.close();
  });
});
