import { createReadStream, type Stats } from 'node:fs';
import { extname } from 'node:path';
import { SluiceError } from '@sluice/contracts';
import { type FastifyReply } from 'fastify';

/** A part of a file: from its first to its last byte. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Types that browsers show; everything else is bytes. Nothing that runs in a page is among them. */
const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.csv': 'text/csv; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.mp3': 'audio/mpeg',
  '.wav': 'audio/wav',
  '.zip': 'application/zip',
  '.pdf': 'application/pdf',
};

/**
 * Reads a `Range` header: `bytes=a-b`, `bytes=a-` or `bytes=-n`. Null for none, and for what is none of them (several ranges, other units),
 * which asks for the whole file.
 * @throws SluiceError `RANGE_NOT_SATISFIABLE`
 */
export function parseRange(header: string | undefined, size: number): ByteRange | null {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '');
  const [from, to] = [match?.[1] ?? '', match?.[2] ?? ''];
  if (from === '' && to === '') return null;
  if (from !== '' && to !== '' && Number(to) < Number(from)) return null;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (first < size && last >= first) return { first, last };
  throw new SluiceError('RANGE_NOT_SATISFIABLE', `the range ${(header ?? '').trim()} is not within ${size} bytes`);
}

/** Answers with a file, or with a part of it. */
export async function sendFile(
  reply: FastifyReply,
  file: { readonly path: string; readonly stats: Stats },
  range: ByteRange | null,
): Promise<void> {
  const { size, mtime } = file.stats;
  const { first, last } = range ?? { first: 0, last: size - 1 };
  reply
    .code(range === null ? 200 : 206)
    .header('content-type', TYPES[extname(file.path).toLowerCase()] ?? 'application/octet-stream')
    .header('content-length', Math.max(0, last - first + 1))
    .header('accept-ranges', 'bytes')
    .header('last-modified', mtime.toUTCString())
    .header('x-content-type-options', 'nosniff')
    // Whoever may upload could otherwise have a page run in the name of this origin.
    .header('content-security-policy', "sandbox; default-src 'none'; img-src 'self'; media-src 'self'");
  if (range !== null) reply.header('content-range', `bytes ${first}-${last}/${size}`);
  await reply.send(size === 0 ? '' : createReadStream(file.path, { start: first, end: last }));
}
