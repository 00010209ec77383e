import { type IncomingMessage } from 'node:http';

/** Where a credential stood. */
type CredentialSource = 'query' | 'authorization' | 'token-header' | 'cookie';

/** What a request says it is: a JWT, an API key, or anything else, as it came. Never logged, never in an error. */
export interface Credential {
  readonly source: CredentialSource;
  readonly text: string;
}

const BEARER = /^bearer +(.+)$/i;

/**
 * The credential of a request: the first there is of query `token`, header `Authorization: Bearer`, header `token`,
 * cookie `authorization` (`Bearer …`, quoted or not) and cookie `token`. Other schemes and empty values count as none.
 */
export function findCredential(request: Pick<IncomingMessage, 'url' | 'headers'>): Credential | null {
  const { authorization, token, cookie } = request.headers;
  return (
    found('query', queryToken(request.url ?? '')) ??
    found('authorization', bearerOf(authorization)) ??
    found('token-header', typeof token === 'string' ? token.trim() : null) ??
    (cookie === undefined ? null : found('cookie', cookieToken(cookie)))
  );
}

function found(source: CredentialSource, text: string | null): Credential | null {
  return text === null || text === '' ? null : { source, text };
}

function bearerOf(value: string | undefined): string | null {
  return value === undefined ? null : (BEARER.exec(value.trim())?.[1]?.trim() ?? null);
}

/** The first `token` that holds something. */
function queryToken(url: string): string | null {
  const mark = url.indexOf('?');
  if (mark < 0 || !url.includes('token=', mark)) return null;
  for (const pair of url.slice(mark + 1).split('&')) {
    if (pair.startsWith('token=') && pair.length > 'token='.length) return decoded(pair.slice('token='.length));
  }
  return null;
}

function cookieToken(header: string): string | null {
  const authorization = bearerOf(cookieValue(header, 'authorization') ?? undefined);
  return authorization ?? cookieValue(header, 'token');
}

/** The first cookie of this name that holds something, without its quotes. */
function cookieValue(header: string, name: string): string | null {
  if (!header.includes(`${name}=`)) return null;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
    const value = part.slice(equals + 1).trim();
    const plain = value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value;
    if (plain !== '') return decoded(plain);
  }
  return null;
}

/** Percent-decoded; what is no percent-encoding stands for itself. */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
