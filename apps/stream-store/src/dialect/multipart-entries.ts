import { type Readable } from 'node:stream';
import { SluiceError } from '@sluice/contracts';
import { type IncomingBody } from '@sluice/service-kit';
import type {} from '@fastify/multipart';
import { type FastifyRequest } from 'fastify';
import { ParameterError, type ParameterFault } from './parameters.js';

/** One uploaded entry. */
export interface UploadedEntry {
  readonly filename: string;
  readonly payload: Buffer;
}

/** Name of the parts that hold entries. */
const ENTRIES = 'entries';
export const MAX_PART_BYTES = 16 * 1024 * 1024;
export const MAX_PARTS = 1000;
/** Most bytes of one upload, all parts together. */
const MAX_UPLOAD_BYTES = 64 * 1024 * 1024;

const MAX_FIELDS = 100;

/** Limits of the multipart parser, for its registration. */
export const MULTIPART_OPTIONS = {
  // A part is an entry when it carries a filename, whatever its content type says.
  isPartAFile: (_field: string | undefined, _type: string | undefined, filename: string | undefined) =>
    filename !== undefined,
  preservePath: true,
  limits: {
    fileSize: MAX_PART_BYTES,
    files: MAX_PARTS,
    fields: MAX_FIELDS,
    fieldSize: 64 * 1024,
    parts: MAX_PARTS + MAX_FIELDS,
  },
};

/** What the parser's own refusals do not say. */
const LIMITS = new Map([
  ['FST_REQ_FILE_TOO_LARGE', `a part of the upload is larger than ${MAX_PART_BYTES} bytes`],
  ['FST_FILES_LIMIT', `the upload has more than ${MAX_PARTS} entries`],
  ['FST_FIELDS_LIMIT', `the upload has more than ${MAX_FIELDS} parts without a filename`],
  ['FST_PARTS_LIMIT', `the upload has more than ${MAX_PARTS + MAX_FIELDS} parts`],
]);

/**
 * Reads every part named `entries`, in order; other parts are skipped. All of them are in memory before any is stored, so that
 * a bad upload stores nothing.
 * @throws ParameterError when there is none, one has no filename, or the form cannot be read; SluiceError `MESSAGE_TOO_LARGE`
 */
export async function readUploadedEntries(request: FastifyRequest): Promise<UploadedEntry[]> {
  if (!request.isMultipart()) throw new ParameterError([missing()]);
  const upload = new Upload();
  const body = request.server.receivedBodies.open((error) => upload.giveUp(error));
  request.raw.once('close', () => body.close());
  try {
    return await Promise.race([gatherEntries(request, upload, body), upload.givenUp]);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    body.complete();
  }
}

/** What is kept of an upload while it comes in. */
class Upload {
  readonly entries: UploadedEntry[] = [];
  part: Readable | null = null;
  readonly #givenUp = Promise.withResolvers<never>();

  /** Rejects when the upload is given up. */
  get givenUp(): Promise<never> {
    return this.#givenUp.promise;
  }

  giveUp(error: Error): void {
    this.entries.length = 0;
    this.part?.destroy(error);
    this.#givenUp.reject(error);
  }
}

/** Whatever the parser itself throws is the client's: no boundary, a form that is cut short, an upload that was broken off. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SluiceError) return error;
  const limit = 'code' in error ? LIMITS.get(String(error.code)) : undefined;
  if (limit !== undefined) return new SluiceError('MESSAGE_TOO_LARGE', limit, { cause: error });
  return new ParameterError([{ loc: ['body'], msg: `the form cannot be read: ${error.message}`, type: 'value_error' }]);
}

async function gatherEntries(request: FastifyRequest, upload: Upload, body: IncomingBody): Promise<UploadedEntry[]> {
  const { entries } = upload;
  const faults: ParameterFault[] = [];
  let index = 0;
  let bytes = 0;
  for await (const part of request.parts()) {
    if (part.type === 'file' && part.fieldname === ENTRIES) {
      upload.part = part.file;
      const payload = await readPart(part.file, body);
      bytes += payload.length;
      if (bytes > MAX_UPLOAD_BYTES) {
        throw new SluiceError('MESSAGE_TOO_LARGE', `the upload is larger than ${MAX_UPLOAD_BYTES} bytes`);
      }
      entries.push({ filename: part.filename, payload });
      index += 1;
    } else if (part.type === 'file') {
      part.file.resume();
    } else if (part.fieldname === ENTRIES) {
      faults.push(notAFile(index));
      index += 1;
    }
  }
  if (index === 0) faults.push(missing());
  if (faults.length > 0) throw new ParameterError(faults);
  return entries;
}

async function readPart(file: Readable, body: IncomingBody): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file as AsyncIterable<Buffer>) {
    body.add(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function missing(): ParameterFault {
  return { loc: ['body', ENTRIES], msg: 'field required', type: 'value_error.missing' };
}

function notAFile(index: number): ParameterFault {
  return { loc: ['body', ENTRIES, index], msg: "Expected UploadFile, received: <class 'str'>", type: 'value_error' };
}
