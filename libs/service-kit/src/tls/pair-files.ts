import { readFile, stat } from 'node:fs/promises';
import { ConfigError } from '../config/define-config.js';
import { type CertificateFacts, type KeyPair } from './key-pair.js';

/** Where a pair is kept. */
export interface PairFiles {
  /** What a log line calls them. */
  readonly names: readonly string[];
  /** Reads the pair as it is now; it may be broken. */
  read(): Promise<KeyPair>;
  /** Something that differs whenever a file is another one than before. */
  mark(): Promise<string>;
  /** Makes a new pair in time before the old one ends; true when it did. */
  renew?(facts: CertificateFacts): Promise<boolean>;
}

/** A certificate and a key that somebody else looks after. */
export function givenFiles(certFile: string, keyFile: string): PairFiles {
  return {
    names: [certFile, keyFile],
    read: async () => ({
      cert: await readNamed('SLUICE_TLS_CERT', certFile),
      key: await readNamed('SLUICE_TLS_KEY', keyFile),
    }),
    mark: async () => (await Promise.all([markOf(certFile), markOf(keyFile)])).join(' '),
  };
}

/** When a file was last changed, and which file it is; links are followed, as volumes replace files by moving one. */
export async function markOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join('-');
  } catch {
    return 'missing';
  }
}

async function readNamed(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigError([`${variable}=${file} cannot be read (${reason})`]);
  }
}
