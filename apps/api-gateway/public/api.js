const TIMEOUT_MS = 5000;
const PAGE_SIZE = 50;
/** Payloads above this are not fetched for a preview. */
export const MAX_PREVIEW_BYTES = 8 * 1024 * 1024;

/** Health of the whole system; also when it is not ready. */
export async function readHealth() {
  const response = await fetch('/health', { signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store' });
  return response.json();
}

/** One page of streams whose name holds the text. */
export async function readStreams({ text, cursor }) {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (text !== '') query.set('match', `*${text.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`);
  if (cursor !== null) query.set('cursor', cursor);
  const response = await fetch(`/v1/streams?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store' });
  if (!response.ok) throw await refusalOf(response);
  return response.json();
}

/** Path of a stream under `/v1/streams`. */
export function streamPath({ device, stream }) {
  return `/v1/streams/${encodeURIComponent(device)}/${encodeURIComponent(stream)}`;
}

/**
 * Bytes of the newest entry of a stream: null when it has none, 'large' when they are more than a preview shows.
 * @param {AbortSignal} signal ends the request when another stream is chosen
 */
export async function readNewest(info, signal) {
  const url = `${streamPath(info)}/entries?reverse=1&count=1&as=raw`;
  const response = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    cache: 'no-store',
  });
  if (!response.ok) throw await refusalOf(response);
  if (Number(response.headers.get('content-length')) > MAX_PREVIEW_BYTES) {
    await response.body?.cancel();
    return 'large';
  }
  if (response.headers.get('x-next-entry-id') === null && response.headers.get('content-length') === '0') return null;
  return new Uint8Array(await response.arrayBuffer());
}

/** Gets the cookie of a log-in. */
export async function logIn(form) {
  await send('/token', { method: 'POST', body: new URLSearchParams(form) });
}

/** Ends the token of the cookie, and the cookie. */
export async function logOut() {
  await send('/v1/tokens/current', { method: 'DELETE' });
}

/** Who the page is to the server. */
export async function readMe() {
  const response = await send('/v1/me', { cache: 'no-store' });
  return response.json();
}

async function send(path, init) {
  const response = await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/** Why the server refused, with the status of its answer. */
async function refusalOf(response) {
  const body = await response.json().catch(() => null);
  const message = body?.error?.message ?? body?.detail ?? `${response.status} ${response.statusText}`;
  return Object.assign(new Error(message), { status: response.status });
}
