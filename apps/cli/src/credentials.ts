import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '@sluice/contracts';
import { UsageError } from './exit.js';

/** What a log-in leaves on this machine. */
export interface Credential {
  readonly user: string;
  readonly token: string;
}

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** The tokens of log-ins: one file for each Sluice, which nobody else may read. */
export class Credentials {
  private readonly folder: string;

  /** @param configFolder where programs of this user keep their settings */
  constructor(configFolder: string) {
    this.folder = join(configFolder, 'sluice', 'tokens');
  }

  /** The file of a Sluice, whether or not it exists. */
  fileOf(url: string): string {
    return join(this.folder, `${encodeURIComponent(serverOf(url))}.json`);
  }

  /** What is kept for a Sluice; null when nobody has logged in. @throws SluiceError `UNAUTHENTICATED` when others may read the file */
  read(url: string): Credential | null {
    const file = this.fileOf(url);
    let text: string;
    try {
      if ((statSync(file).mode & OTHERS) !== 0) {
        throw new SluiceError('UNAUTHENTICATED', `${file} may be read by others: its token is not used any more`);
      }
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    return parseCredential(text);
  }

  /** Keeps a token; readers see the old file or the new one, never a part. */
  write(url: string, credential: Credential): void {
    mkdirSync(this.folder, { recursive: true, mode: FOLDER_MODE });
    chmodSync(this.folder, FOLDER_MODE);
    const file = this.fileOf(url);
    const draft = `${file}.${process.pid}`;
    rmSync(draft, { force: true });
    writeFileSync(draft, `${JSON.stringify({ url: serverOf(url), ...credential })}\n`, { mode: FILE_MODE, flag: 'wx' });
    renameSync(draft, file);
  }

  /** Forgets what is kept for a Sluice. */
  remove(url: string): void {
    rmSync(this.fileOf(url), { force: true });
  }
}

/** Address without what makes no other server: `ws:` for `http:`, a slash at the end, a password. */
function serverOf(url: string): string {
  if (!URL.canParse(url)) throw new UsageError(`url "${url}" is not an http://, https://, ws:// or wss:// address`);
  const { protocol, host, pathname } = new URL(url);
  return `${protocol.replace(/^ws/, 'http')}//${host}${pathname.replace(/\/+$/, '')}`;
}

function parseCredential(text: string): Credential | null {
  try {
    const { user, token } = JSON.parse(text) as Partial<Credential>;
    return typeof user === 'string' && typeof token === 'string' ? { user, token } : null;
  } catch {
    return null;
  }
}
