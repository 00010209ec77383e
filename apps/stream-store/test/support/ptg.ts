import { form, type Part } from './upload.js';
import { TestSocket } from './socket.js';
import { type Store } from './store.js';

/** What a request of the ptg dialect answered. */
export interface PtgAnswer<T> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

/** What a GET of entries answered. */
export interface PtgReading {
  readonly status: number;
  readonly offsets: [sid: string, id: string, start: number][];
  readonly texts: string[];
}

/** A client of the ptg dialect with a token, as its routes want one of any kind in open mode. */
export class PtgClient {
  constructor(
    private readonly store: Store,
    private readonly token: string | null = 'any',
  ) {}

  /** An answer of JSON. */
  async ask<T = unknown>(path: string, init: RequestInit = {}): Promise<PtgAnswer<T>> {
    const response = await this.fetch(path, init);
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T, headers: response.headers };
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...this.headers(), ...(init.headers as Record<string, string> | undefined) };
    return fetch(`${this.store.url}/ptg${path}`, { ...init, headers });
  }

  put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<PtgAnswer<unknown>> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.ask(path, { method: 'PUT', body: text, headers: { 'content-type': 'application/json', ...headers } });
  }

  upload(path: string, parts: readonly Part[]): Promise<PtgAnswer<unknown>> {
    return this.ask(`/data/${path}`, { method: 'POST', body: form(parts) });
  }

  /** Reads entries, cut apart by the starts in the header. */
  async read(path: string): Promise<PtgReading> {
    const response = await this.fetch(`/data/${path}`);
    const body = Buffer.from(await response.arrayBuffer());
    const offsets = JSON.parse(response.headers.get('entry-offset') ?? 'null') as PtgReading['offsets'];
    const texts = offsets === null ? [] : cutStarts({ header: offsets, payload: body }).map(({ text }) => text);
    return { status: response.status, offsets, texts };
  }

  push(path: string): Promise<TestSocket> {
    return TestSocket.open(`${this.store.ws}/ptg/data/${path}`, { headers: this.headers() });
  }

  pull(path: string): Promise<TestSocket> {
    return this.push(path);
  }

  private headers(): Record<string, string> {
    return this.token === null ? {} : { authorization: `Bearer ${this.token}` };
  }
}

/** Cuts a message into entries by the starts of its header. */
export function cutStarts({ header, payload }: { header: [string, string, number][]; payload: Buffer }): {
  sid: string;
  id: string;
  text: string;
}[] {
  return header.map(([sid, id, start], at) => {
    const end = header[at + 1]?.[2] ?? payload.length;
    return { sid, id, text: payload.subarray(start, end).toString() };
  });
}
