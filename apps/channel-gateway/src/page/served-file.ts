import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { type FastifyReply, type FastifyRequest } from 'fastify';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.gif': 'image/gif',
  '.ico': 'image/x-icon',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.log': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Names behind a prefix in the request's path, decoded. */
export function namesWithin(prefix: string, { raw }: FastifyRequest): string[] {
  const [path = prefix] = (raw.url ?? '').split('?', 1);
  return decodeURIComponent(path.slice(prefix.length))
    .split('/')
    .filter((name) => name !== '');
}

/** The real path of a file or folder below `dir`; null when there is none. What leads out of it is not there. */
export async function pathWithin(dir: string, names: readonly string[]): Promise<string | null> {
  if (names.some((name) => name === '..' || name.includes('\0') || name.includes(sep))) return null;
  try {
    const root = await realpath(resolve(dir));
    const found = await realpath(join(root, ...names));
    return found === root || found.startsWith(root + sep) ? found : null;
  } catch {
    return null;
  }
}

/** Answers with a file, as what its name says it is, and as a page of its own it may do nothing. */
export async function sendFile(reply: FastifyReply, file: string, bytes: number): Promise<void> {
  await reply
    .header('content-type', TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream')
    .header('content-length', bytes)
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox")
    .header('x-content-type-options', 'nosniff')
    .send(bytes === 0 ? '' : createReadStream(file, { end: bytes - 1 }));
}
