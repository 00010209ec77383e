import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SluiceError } from '@sluice/contracts';
import type {} from '@fastify/multipart';
import { type FastifyRequest } from 'fastify';
import { ParameterError } from '../../dialect/parameters.js';

const FILE = 'file';
const LIMITS = { files: 1, fields: 20, parts: 21, fieldSize: 64 * 1024 };

/**
 * The one part named `file` of a form, handed to `take` as it comes in.
 * @throws ParameterError when there is none, SluiceError `MESSAGE_TOO_LARGE` when it is larger than allowed
 */
export async function receiveFile<T>(
  request: FastifyRequest,
  maxBytes: number,
  take: (file: Readable) => Promise<T>,
): Promise<T> {
  const missing = new ParameterError([{ loc: ['body', FILE], msg: 'field required', type: 'value_error.missing' }]);
  if (!request.isMultipart()) throw missing;
  for await (const part of request.parts({ limits: { ...LIMITS, fileSize: maxBytes } })) {
    if (part.type !== 'file') continue;
    if (part.fieldname !== FILE) {
      part.file.resume();
      continue;
    }
    const outcome = await settle(take(part.file));
    // What was cut off explains whatever else is wrong with it.
    if (part.file.truncated) throw tooLarge(maxBytes);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }
  throw missing;
}

/** Writes what comes in to a new file; nothing of it is left when that fails. @throws SluiceError `DISK_FULL` */
export async function writeStream(
  source: Readable & { readonly truncated?: boolean },
  path: string,
  maxBytes: number,
): Promise<void> {
  try {
    await pipeline(source, createWriteStream(path, { flags: 'wx', mode: 0o640, flush: true }));
    if (source.truncated === true) throw tooLarge(maxBytes);
  } catch (error) {
    await rm(path, { force: true });
    throw diskError(error);
  }
}

async function settle<T>(work: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** A full disk in our words. */
export function diskError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new SluiceError('DISK_FULL', 'the disk of recordings is full', { cause: error });
}

function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError('MESSAGE_TOO_LARGE', `the file is larger than ${maxBytes} bytes`);
}
