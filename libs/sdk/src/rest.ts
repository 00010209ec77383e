import { SluiceError, parseErrorBody, type ErrorCode } from '@sluice/contracts';
import { DEFAULT_DEVICE, assertName } from '@sluice/wire';
import { wireToSluice } from './checks.js';
import { readToken, type TokenSource } from './token.js';

/** Query parameters; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A request, beside its path. */
export interface RestRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly query?: Query | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | FormData | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Statuses besides 2xx that are an answer and no refusal. */
  readonly accept?: readonly number[];
}

const STATUS_CODES: Readonly<Record<number, ErrorCode | undefined>> = {
  400: 'INVALID_PARAMETER',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'MESSAGE_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'INVALID_PARAMETER',
  429: 'RATE_LIMITED',
  503: 'SERVICE_UNAVAILABLE',
  507: 'LOG_FULL',
};
const MAX_QUOTED_BODY_CHARS = 200;

/** Path of a stream in our own REST routes. */
export function streamPath(name: string, rest = ''): string {
  wireToSluice(() => assertName(name));
  const colon = name.indexOf(':');
  const device = colon < 0 ? DEFAULT_DEVICE : name.slice(0, colon);
  const stream = name.slice(colon + 1);
  return `/v1/streams/${encodeURIComponent(device)}/${encodeURIComponent(stream)}${rest}`;
}

/** HTTP of one Sluice: address, token and errors in one place. */
export class Rest {
  constructor(
    private readonly base: string,
    private readonly token: TokenSource | undefined,
  ) {}

  /**
   * Sends a request and returns the answer once it is known to be a success.
   * @throws SluiceError the server's refusal; `SERVICE_UNAVAILABLE` when it cannot be reached, or `OUTCOME_UNKNOWN` when the
   * request may have changed something
   */
  async request(path: string, request: RestRequest = {}): Promise<Response> {
    const url = new URL(this.base + path);
    for (const [key, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(key, String(value));
    }
    const token = await readToken(this.token);
    const headers = { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    const { method = 'GET', body, signal } = request;
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']> }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      throw unreachable(url, method, cause);
    }
    if (!response.ok && request.accept?.includes(response.status) !== true) throw await refusal(response, method, url);
    return response;
  }

  /** The JSON of an answer. */
  async json<Body>(path: string, request: RestRequest = {}): Promise<Body> {
    const response = await this.request(path, request);
    return (await response.json()) as Body;
  }

  /** Sends JSON and reads JSON. */
  sendJson<Body>(method: 'PUT' | 'POST', path: string, body: unknown): Promise<Body> {
    return this.json(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  }
}

/** What is read of an error; by shape, as `fetch` may come from another realm than this module. */
interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: Failure;
  readonly errors?: readonly Failure[];
}

function unreachable(url: URL, method: string, failure: unknown): Error {
  const cause = failure as Error & Failure;
  if (cause.name === 'AbortError' || cause.name === 'TimeoutError') return cause;
  const { code, message } = rootCause(cause);
  const text = message === undefined || message === '' ? (code ?? String(failure)) : message;
  const neverSent = method === 'GET' || code === 'ECONNREFUSED' || code === 'ENOTFOUND';
  return neverSent
    ? new SluiceError('SERVICE_UNAVAILABLE', `cannot reach ${url.origin}: ${text}`, { cause })
    : new SluiceError('OUTCOME_UNKNOWN', `${method} ${url.href} was not answered: ${text}`, { cause });
}

/** `fetch` hides the reason in `cause`, and behind several addresses in `errors`. */
function rootCause(failure: Failure): Failure {
  const inner = failure.errors?.[0] ?? failure.cause;
  return inner === undefined ? failure : rootCause(inner);
}

async function refusal(response: Response, method: string, url: URL): Promise<SluiceError> {
  const text = await response.text().catch(() => '');
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not every refusal comes from Sluice itself.
  }
  const known = parseErrorBody(body);
  if (known !== null) return known;
  const detail = (body as { readonly detail?: unknown } | null)?.detail;
  const words = typeof detail === 'string' ? detail : (faultsIn(detail) ?? text);
  const what = words === '' ? '' : `: ${words.slice(0, MAX_QUOTED_BODY_CHARS)}`;
  const code = STATUS_CODES[response.status] ?? 'INTERNAL';
  return new SluiceError(code, `${method} ${url.pathname} was answered ${response.status}${what}`);
}

/** The faults of an input in words, `where: what`; null for what is no list of them. */
function faultsIn(detail: unknown): string | null {
  if (!Array.isArray(detail)) return null;
  const faults = (detail as readonly { readonly loc?: unknown; readonly msg?: unknown }[]).map(({ loc, msg }) => {
    const where = Array.isArray(loc) ? loc.join('.') : '';
    return `${where === '' ? '' : `${where}: `}${String(msg)}`;
  });
  return faults.join('; ');
}
