import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAddress } from '../edge/loopback.js';
import { type CertificateFacts, type KeyPair, checkPair } from './key-pair.js';
import { type PairFiles, markOf } from './pair-files.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 365;
/** A certificate with less time left than this is replaced. */
const RENEW_BEFORE_DAYS = 30;
/** Clocks of clients may be a little behind. */
const CLOCK_SKEW_MS = 60 * 60 * 1000;

const PAIR_FILE = 'self-signed.pem';

/** File with the certificate alone, for clients that are to trust it. */
export function certificateFile(folder: string): string {
  return join(folder, 'certificate.pem');
}

/**
 * A certificate that Sluice makes itself, once, for this machine's names and those it is given. Key and certificate are one
 * file, so that processes that start at the same time never leave a key with another's certificate.
 */
export function selfSignedFiles(folder: string, moreNames: readonly string[], now: () => number = Date.now): PairFiles {
  const file = join(folder, PAIR_FILE);
  const names = wantedNames(moreNames);
  const read = async (): Promise<KeyPair> => {
    const text = await readFile(file, 'utf8');
    return { key: text, cert: text };
  };
  const make = async (): Promise<void> => {
    await writePair(folder, file, await generatePair(names, now()));
  };
  return {
    names: [file],
    mark: () => markOf(file),
    read: async () => {
      const kept = await read().catch(() => null);
      if (kept === null || !isGood(kept, names, now())) await make();
      return read();
    },
    renew: async (facts) => {
      if (!isEnding(facts, now())) return false;
      await make();
      return true;
    },
  };
}

function isGood(pair: KeyPair, names: readonly string[], nowMs: number): boolean {
  try {
    const facts = checkPair(pair);
    const { certificate } = facts;
    const isFor = (name: string): boolean =>
      (isAddress(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
    return facts.validFromMs <= nowMs && !isEnding(facts, nowMs) && names.every(isFor);
  } catch {
    return false;
  }
}

function isEnding({ validToMs }: CertificateFacts, nowMs: number): boolean {
  return validToMs - nowMs < RENEW_BEFORE_DAYS * DAY_MS;
}

/** Names and addresses the certificate is for, each once. */
function wantedNames(more: readonly string[]): string[] {
  const own = ['localhost', '127.0.0.1', '::1', hostname().toLowerCase()];
  const isName = (name: string): boolean => isAddress(name) || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name);
  const isWildcardAddress = (name: string): boolean => name === '0.0.0.0' || name === '::';
  return [...new Set([...own, ...more.map((name) => name.toLowerCase())])].filter(
    (name) => isName(name) && !isWildcardAddress(name),
  );
}

async function generatePair(names: readonly string[], nowMs: number): Promise<{ private: string; cert: string }> {
  // Only loaded when there is a certificate to be made.
  const { generate } = await import('selfsigned');
  return generate([{ name: 'commonName', value: `Sluice on ${hostname()}`.slice(0, 64) }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - CLOCK_SKEW_MS),
    notAfterDate: new Date(nowMs + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isAddress(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
}

async function writePair(folder: string, file: string, pair: { private: string; cert: string }): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(file, `${pair.private.trim()}\n${pair.cert.trim()}\n`, 0o600);
  await replaceFile(certificateFile(folder), `${pair.cert.trim()}\n`, 0o644);
}

/** Puts a file in place as a whole, or not at all. */
async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  try {
    await writeFile(temporary, text, { mode, flag: 'wx' });
    await chmod(temporary, mode);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
