import { type IncomingMessage } from 'node:http';

/** A key as it came, and where from. */
export interface FoundKey {
  readonly source: 'query' | 'header' | 'cookie';
  readonly text: string;
}

/** Every key that a request has: in its query, its header and its cookie of that name, in this order. */
export function keysIn({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>, name: string): FoundKey[] {
  const found: FoundKey[] = [];
  const mark = url.indexOf('?');
  if (mark >= 0) {
    for (const text of new URLSearchParams(url.slice(mark + 1)).getAll(name)) found.push({ source: 'query', text });
  }
  for (const text of [headers[name.toLowerCase()] ?? []].flat()) found.push({ source: 'header', text });
  for (const text of cookies(headers.cookie ?? '', name)) found.push({ source: 'cookie', text });
  return found.filter(({ text }) => text !== '').slice(0, MAX_TRIED);
}

/** More than that are not tried: each costs a digest. */
const MAX_TRIED = 8;

function cookies(header: string, name: string): string[] {
  return header.split(';').flatMap((part) => {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== name) return [];
    const value = part.slice(equals + 1).trim();
    return [decoded(value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value)];
  });
}

/** What is no percent-encoding stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
