/** One part of an upload. */
export interface Part {
  readonly payload: string | Buffer;
  readonly filename?: string;
  readonly name?: string;
}

/** A multipart body with parts named `entries`. */
export function form(parts: readonly Part[]): FormData {
  const data = new FormData();
  for (const { payload, filename, name = 'entries' } of parts) {
    if (filename === undefined) data.append(name, payload.toString());
    else data.append(name, new Blob([new Uint8Array(Buffer.from(payload))]), filename);
  }
  return data;
}

/** Uploads entries; resolves with the status and the JSON reply. */
export async function upload(url: string, parts: readonly Part[]): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { method: 'POST', body: form(parts) });
  return { status: response.status, body: await response.json() };
}

/** What a GET of entries answered. */
export interface Reading {
  readonly status: number;
  readonly offsets: [string, string, number][];
  readonly cursor: string;
  readonly body: string;
}

/** Reads entries over HTTP. */
export async function read(url: string): Promise<Reading> {
  const response = await fetch(url);
  const body = await response.text();
  return {
    status: response.status,
    offsets: JSON.parse(response.headers.get('x-offsets') ?? 'null') as [string, string, number][],
    cursor: response.headers.get('x-last-entry-id') ?? '',
    body,
  };
}
