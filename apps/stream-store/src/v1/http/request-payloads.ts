import { SluiceError } from '@sluice/contracts';
import { LengthPrefixedReader } from '@sluice/wire';
import { type FastifyRequest } from 'fastify';
import { type IncomingHttpHeaders } from 'node:http';
import { MAX_PARTS, MAX_PART_BYTES, readUploadedEntries } from '../../dialect/multipart-entries.js';
import { refusing } from '../../streams/refusing.js';
import { ENTRIES_TYPE } from './frames.js';

/** The entries that the body of an append holds. @throws SluiceError */
export async function readPayloads(request: FastifyRequest): Promise<Buffer[]> {
  if (request.isMultipart()) return (await readUploadedEntries(request)).map(({ payload }) => payload);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return mediaTypeOf(request.headers) === ENTRIES_TYPE ? splitEntries(body) : [body];
}

/** The content type without its parameters. */
export function mediaTypeOf(headers: IncomingHttpHeaders): string | undefined {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
}

function splitEntries(body: Buffer): Buffer[] {
  const payloads = refusing(() => {
    const reader = new LengthPrefixedReader(MAX_PART_BYTES);
    const items = reader.push(body);
    reader.end();
    return items;
  });
  if (payloads.length > MAX_PARTS) {
    throw new SluiceError('MESSAGE_TOO_LARGE', `${payloads.length} entries in one request: at most ${MAX_PARTS}`);
  }
  return payloads.map((payload) => Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
}
