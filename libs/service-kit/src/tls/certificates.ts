import { type Logger } from 'pino';
import { ConfigError } from '../config/define-config.js';
import { type CertificateFacts, type KeyPair, checkPair } from './key-pair.js';
import { type PairFiles } from './pair-files.js';

const LOOK_EVERY_MS = 500;
const DAY_MS = 24 * 60 * 60 * 1000;
/** From so long before its end on, a certificate that somebody else must renew is complained of once a day. */
const WARN_BEFORE_MS = 14 * DAY_MS;

/**
 * The certificate a service shows, kept up to date: a pair of files that changes takes the place of the old one as soon as
 * it has come to rest and fits together. Until then, and when it is broken, the old one goes on.
 */
export class Certificates {
  readonly #listeners: ((pair: KeyPair) => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #log: Logger | null = null;
  /** Of the files as they were when they were last read, and as they were at the last look. */
  #readMark = '';
  #seenMark = '';
  #warnedDay = 0;
  #isLooking = false;

  private constructor(
    private readonly files: PairFiles,
    private readonly trustHint: string | null,
    private pair: KeyPair,
    private facts: CertificateFacts,
  ) {}

  /**
   * @param trustHint how clients come to trust a certificate that nobody vouches for; null when somebody does
   * @throws ConfigError when the pair cannot be read or does not fit together
   */
  static async open(files: PairFiles, trustHint: string | null): Promise<Certificates> {
    const mark = await files.mark();
    try {
      const pair = await files.read();
      const certificates = new Certificates(files, trustHint, pair, checkPair(pair));
      // A pair that was made just now has another mark, and is read once more.
      certificates.#readMark = certificates.#seenMark = mark;
      return certificates;
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError([`TLS with ${files.names.join(' and ')}: ${reasonOf(error)}`]);
    }
  }

  /** What is shown to new connections now. */
  get current(): KeyPair {
    return this.pair;
  }

  /** SHA-256 of the current certificate. */
  get fingerprint(): string {
    return this.facts.fingerprint;
  }

  /** Calls back with each pair that takes the place of the current one. */
  onChange(listener: (pair: KeyPair) => void): void {
    this.#listeners.push(listener);
  }

  /** Says what is shown, and looks at the files from now on. */
  watch(log: Logger): void {
    this.#log = log;
    this.#tell('TLS certificate');
    this.#timer = setInterval(() => {
      if (!this.#isLooking) void this.#look();
    }, LOOK_EVERY_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#warnOfEnd();
    try {
      if ((await this.files.renew?.(this.facts)) === true) this.#take(await this.files.read());
      const mark = await this.files.mark();
      const isAtRest = mark === this.#seenMark;
      this.#seenMark = mark;
      if (!isAtRest || mark === this.#readMark) return;
      this.#readMark = mark;
      this.#take(await this.files.read());
    } catch (error) {
      const reason = reasonOf(error);
      this.#log?.warn({ files: this.files.names, reason }, `the changed TLS certificate is not used: ${reason}`);
    } finally {
      this.#isLooking = false;
    }
  }

  #take(pair: KeyPair): void {
    const facts = checkPair(pair);
    if (pair.key === this.pair.key && pair.cert === this.pair.cert) return;
    this.pair = pair;
    this.facts = facts;
    for (const listener of this.#listeners) listener(pair);
    this.#tell('new TLS certificate');
  }

  #tell(what: string): void {
    const { fingerprint, validToMs, certificate } = this.facts;
    const facts = { sha256: fingerprint, names: certificate.subjectAltName, ends: new Date(validToMs).toISOString() };
    this.#log?.info(this.trustHint === null ? facts : { ...facts, trust: this.trustHint }, what);
  }

  #warnOfEnd(): void {
    const leftMs = this.facts.validToMs - Date.now();
    const today = Math.floor(Date.now() / DAY_MS);
    if (leftMs > WARN_BEFORE_MS || today === this.#warnedDay || this.files.renew !== undefined) return;
    this.#warnedDay = today;
    const end = new Date(this.facts.validToMs).toISOString();
    this.#log?.warn({ files: this.files.names }, `the TLS certificate ${leftMs < 0 ? 'ended' : 'ends'} on ${end}`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
