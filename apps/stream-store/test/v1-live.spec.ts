import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '@sluice/testing';
import { LengthPrefixedReader, NameTable, decodeData } from '@sluice/wire';
import { startStore, type Store } from './support/store.js';

let store: Store;

beforeAll(async () => {
  store = await startStore();
});

afterAll(async () => {
  await store.close();
});

interface ServerEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: { readonly stream?: string; readonly id?: string; readonly text?: string };
}

/** Reads server-sent events one after the other. */
class EventReader {
  /** The last id seen, as a browser keeps it: an id alone counts, and is no event. */
  lastEventId = '';
  private text = '';

  private constructor(
    private readonly reader: ReadableStreamDefaultReader<Uint8Array>,
    private readonly abort: AbortController,
  ) {}

  static async open(path: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(`${store.url}/v1/${path}`, { headers, signal: abort.signal });
    const type = response.headers.get('content-type');
    if (type?.startsWith('text/event-stream') !== true) throw new Error(`${path} answered ${response.status} ${type}`);
    return new EventReader(response.body!.getReader(), abort);
  }

  async next(): Promise<ServerEvent> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end < 0) {
        const { value } = await this.reader.read();
        this.text += Buffer.from(value!).toString();
        continue;
      }
      const lines = this.text
        .slice(0, end)
        .split('\n')
        .filter((line) => !line.startsWith(':'));
      this.text = this.text.slice(end + 2);
      if (lines.length === 0) continue;
      const fields = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
      this.lastEventId = fields['id'] ?? this.lastEventId;
      if (fields['data'] === undefined) continue;
      return { ...fields, data: JSON.parse(fields['data'] ?? 'null') } as ServerEvent;
    }
  }

  close(): void {
    this.abort.abort();
  }
}

describe('server-sent events', () => {
  it('follow a stream from now on, with entry ids', async () => {
    const sid = uniqueName('s');
    const events = await EventReader.open(`streams/default/${sid}/stream?payload=json`);
    await store.add(`default:${sid}`, '{"t":21}', '1-0');
    expect(await events.next()).toEqual({ id: '1-0', event: 'entry', data: { id: '1-0', json: { t: 21 } } });
    events.close();
    await store.followers(0);
  });

  it('go on after Last-Event-ID', async () => {
    const sid = uniqueName('s');
    for (let n = 1; n <= 3; n++) await store.add(`default:${sid}`, `e${n}`, `${n}-0`);
    const events = await EventReader.open(`streams/default/${sid}/stream?payload=text`, { 'last-event-id': '2-0' });
    expect((await events.next()).data).toEqual({ id: '3-0', text: 'e3' });
    events.close();
  });

  it('go on without a loss for a client that lost its connection before the first event', async () => {
    const sid = uniqueName('s');
    await store.add(`default:${sid}`, 'before', '1-0');
    for (const path of [`streams/default/${sid}/stream?payload=text`, `stream?streams=default:${sid}&payload=text`]) {
      const events = await EventReader.open(path);
      void events.next().catch(() => undefined);
      await waitFor(() => events.lastEventId !== '');
      events.close();
      const id = await store.add(`default:${sid}`, 'meanwhile');
      const again = await EventReader.open(path, { 'last-event-id': events.lastEventId });
      expect((await again.next()).data).toMatchObject({ id, text: 'meanwhile' });
      again.close();
    }
  });

  it('tell gaps and resets as events of their own', async () => {
    const key = `default:${uniqueName('s')}`;
    for (let n = 1; n <= 5; n++) await store.add(key, `e${n}`, `${n}-0`);
    await store.redis.command('XTRIM', key, 'MINID', '4');
    const events = await EventReader.open(`streams/${key.replace(':', '/')}/stream?from=1-0`);
    expect(await events.next()).toMatchObject({ event: 'gap', data: { sid: key, after: '1-0', next: '4-0' } });
    expect((await events.next()).id).toBe('4-0');
    expect((await events.next()).id).toBe('5-0');
    await store.redis.command('DEL', key);
    await store.add(key, 'new', '1-0');
    expect(await events.next()).toMatchObject({ event: 'reset', data: { sid: key } });
    expect((await events.next()).id).toBe('1-0');
    events.close();
  });

  it('follow several streams by name and by pattern, and go on from their event ids', async () => {
    const stem = uniqueName('dev');
    await store.add(`${stem}1:a`, 'a1', '1-0');
    const events = await EventReader.open(`stream?match=${stem}*:*&from=-&payload=text`);
    expect(await events.next()).toMatchObject({ data: { stream: `${stem}1:a`, text: 'a1' } });
    await fetch(`${store.url}/v1/streams/${stem}2/b/entries`, { method: 'POST', body: 'b1' });
    const second = await events.next();
    expect(second).toMatchObject({ data: { stream: `${stem}2:b`, text: 'b1' } });
    events.close();
    await store.add(`${stem}1:a`, 'a2', '2-0');
    const again = await EventReader.open(`stream?match=${stem}*:*&from=-&payload=text`, {
      'last-event-id': second.id as string,
    });
    expect((await again.next()).data.text).toBe('a2');
    again.close();
  });

  it('go on where a stream was that sent nothing yet, and with what appeared meanwhile', async () => {
    const stem = uniqueName('dev');
    await store.add(`${stem}:quiet`, 'before', '1-0');
    const path = `stream?streams=${stem}:named&match=${stem}:*&payload=text`;
    const events = await EventReader.open(path);
    await store.add(`${stem}:named`, 'seen', '1-0');
    const { id } = await events.next();
    events.close();
    await store.add(`${stem}:quiet`, 'missed', '2-0');
    await fetch(`${store.url}/v1/streams/${stem}/new/entries`, { method: 'POST', body: 'appeared' });
    const again = await EventReader.open(path, { 'last-event-id': id as string });
    const texts = [(await again.next()).data.text, (await again.next()).data.text];
    expect(new Set(texts)).toEqual(new Set(['appeared', 'missed']));
    again.close();
  });

  it('are refused before they begin: a position that is none, no stream, a key that is none', async () => {
    for (const path of ['streams/default/s/stream?from=soon', 'stream', 'streams/default/a%01/stream']) {
      expect([path, (await fetch(`${store.url}/v1/${path}`)).status]).toEqual([path, 400]);
    }
  });
});

describe('an endless binary response', () => {
  it('holds length-prefixed data frames', async () => {
    const sid = uniqueName('s');
    await store.add(`default:${sid}`, 'one', '1-0');
    const abort = new AbortController();
    const response = await fetch(`${store.url}/v1/streams/default/${sid}/stream?from=-&as=binary`, {
      signal: abort.signal,
    });
    const reader = response.body!.getReader();
    const prefixed = new LengthPrefixedReader();
    const names = new NameTable();
    const texts: string[] = [];
    await store.add(`default:${sid}`, 'two', '2-0');
    while (texts.length < 2) {
      const { value } = await reader.read();
      for (const frame of prefixed.push(value!)) {
        for (const { entries } of decodeData(frame, names).sections) {
          texts.push(...entries.map(({ payload }) => Buffer.from(payload).toString()));
        }
      }
    }
    expect(texts).toEqual(['one', 'two']);
    abort.abort();
    await store.followers(0);
  });

  it('to a client that takes nothing pauses its follower instead of filling memory', async () => {
    const sid = uniqueName('slow');
    const abort = new AbortController();
    const response = await fetch(`${store.url}/v1/streams/default/${sid}/stream?as=binary`, { signal: abort.signal });
    const payload = Buffer.alloc(1024 * 1024);
    for (let n = 0; n < 60; n++) await store.add(`default:${sid}`, payload);
    const slow = /sluice_store_slow_followers\{[^}]*\} 1\n/;
    for (let text = ''; !slow.test(text);) text = await (await fetch(`${store.url}/metrics`)).text();
    const reader = response.body!.getReader();
    let bytes = 0;
    while (bytes < 60 * payload.length) bytes += (await reader.read()).value!.length;
    abort.abort();
    await store.followers(0);
  });
});
