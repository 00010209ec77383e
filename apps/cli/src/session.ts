import { type ConnectionState, type TokenSource } from '@sluice/sdk';
import { Sluice } from '@sluice/sdk/node';
import { WireError, assertStreamKey, parseStreamName, type StreamName } from '@sluice/wire';
import { Credentials } from './credentials.js';
import { UsageError } from './exit.js';
import { type Host } from './host.js';
import { Output } from './output.js';
import { Progress } from './progress.js';

/** Options that every command has. */
export interface GlobalOptions {
  readonly url: string;
  readonly token?: string;
  readonly device?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Somebody waits in front of it: no long pauses between attempts. */
const MAX_WAIT_MS = 3000;

/** What a command works with. */
export class Session {
  readonly output: Output;
  readonly sluice: Sluice;
  /** Tokens of earlier log-ins. */
  readonly credentials: Credentials;
  private readonly token: TokenSource;
  private wasOpen = false;
  private isLost = false;

  /** @throws UsageError for an address that is none */
  constructor(
    readonly host: Host,
    readonly options: GlobalOptions,
  ) {
    this.output = new Output(host.stdout, options.json === true);
    this.credentials = new Credentials(host.config.configFolder);
    this.token = options.token ?? host.config.token ?? (() => this.credentials.read(options.url)?.token);
    const { token } = this;
    try {
      const onState = (state: ConnectionState): void => this.onState(state);
      this.sluice = new Sluice({ url: options.url, token, backoff: { maxDelayMs: MAX_WAIT_MS }, onState });
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  }

  /** A client of its own, for measurements; its caller closes it. */
  connectAnother(): Sluice {
    return new Sluice({ url: this.options.url, token: this.token });
  }

  /** Does something without a token, such as logging in. */
  async asNobody<Result>(work: (sluice: Sluice) => Promise<Result>): Promise<Result> {
    const sluice = new Sluice({ url: this.options.url });
    try {
      return await work(sluice);
    } finally {
      sluice.destroy();
    }
  }

  /** Aborted at Ctrl-C and SIGTERM. */
  get signal(): AbortSignal {
    return this.host.signal;
  }

  /**
   * The whole name of a stream given on the command line: `--device` before it, or the default device.
   * @throws UsageError for a name that cannot be
   */
  name(sid: string): StreamName {
    const { device } = this.options;
    try {
      const name = parseStreamName(device === undefined || device === '' ? sid : `${device}:${sid}`);
      assertStreamKey(name.key);
      return name;
    } catch (error) {
      if (error instanceof WireError) throw new UsageError(error.message);
      throw error;
    }
  }

  /** Progress on standard error, unless `--quiet`. */
  progress(verb: string): Progress {
    return new Progress(this.host.stderr, verb, this.options.quiet === true);
  }

  /** A remark for people, on standard error. */
  note(text: string): void {
    if (this.options.quiet !== true) this.host.stderr.write(`${text}\n`);
  }

  /** Losing a connection is told once, and its return; opening the first is not. */
  private onState(state: ConnectionState): void {
    if (state.state === 'open') {
      if (this.isLost) this.note('sluice: connected again');
      this.wasOpen = true;
      this.isLost = false;
    }
    if (state.state !== 'waiting' || !this.wasOpen || this.isLost) return;
    this.isLost = true;
    this.note(`sluice: ${state.error.message}; trying to connect again`);
  }
}
