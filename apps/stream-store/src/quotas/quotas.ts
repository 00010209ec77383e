import { Injectable } from '@nestjs/common';
import { SluiceError } from '@sluice/contracts';
import { RateLimiter, type Identity } from '@sluice/service-kit';
import { RedisCommands } from '@sluice/stream-log';
import { StoreConfig, type QuotaSettings } from '../config.js';
import { Admissions } from './admissions.js';
import { ByteMeter } from './byte-meter.js';
import { StreamLedger } from './stream-ledger.js';
import { usedBytes, usedBytesOf } from './stored-bytes.js';

/** One account for everybody together. */
const EVERYBODY = 'everybody';
/** Streams of one client that Redis is asked about at a time. */
const ASKED_AT_ONCE = 500;

/** What users may use up: streams, stored bytes, open sockets, pushed entries a second. Each refusal names its quota. */
@Injectable()
export class Quotas {
  private readonly settings: QuotaSettings;
  private readonly ledger: StreamLedger;
  private readonly admissions = new Admissions();
  /** Changes when a stream was deleted: who keeps streams in mind for longer forgets them all. */
  private deletions = 0;
  /** Streams being asked about now, by who asks: what one is refused another may have. */
  private readonly pending = new Map<string, Promise<void>>();
  private readonly entriesPerUser: RateLimiter;
  private readonly entries: RateLimiter;
  private readonly bytesPerUser: ByteMeter | null;
  private readonly bytes: ByteMeter | null;
  private readonly sockets = new Map<string, number>();
  private openSockets = 0;

  constructor({ quotas }: StoreConfig, redis: RedisCommands) {
    this.settings = quotas;
    this.ledger = new StreamLedger(redis, { perUser: quotas.userStreams, total: quotas.streams });
    this.entriesPerUser = new RateLimiter(
      { limit: 'pushed entries per second of a user', setting: 'SLUICE_QUOTA_USER_ENTRIES_PER_SECOND' },
      quotas.userEntriesPerSecond,
    );
    this.entries = new RateLimiter(
      { limit: 'pushed entries per second of everybody', setting: 'SLUICE_QUOTA_ENTRIES_PER_SECOND' },
      quotas.entriesPerSecond,
    );
    this.bytesPerUser = byteMeter('stored bytes of a user', 'SLUICE_QUOTA_USER_BYTES', quotas.userBytes, (subject) =>
      usedBytesOf(redis, this.ledger, subject),
    );
    this.bytes = byteMeter('stored bytes of everybody', 'SLUICE_QUOTA_BYTES', quotas.bytes, () => usedBytes(redis));
  }

  /** Whether a stream was found or made a short while ago; if not, `admit` asks. */
  isAdmitted(key: string): boolean {
    return this.admissions.has(key);
  }

  get epoch(): number {
    return this.deletions;
  }

  /** A stream was deleted: whoever pushes to it again makes it anew. */
  forget(key: string): void {
    this.admissions.delete(key);
    this.ledger.forget(key);
    this.deletions += 1;
  }

  /**
   * Lets an account write streams: those that are there, and those it may make.
   * @throws SluiceError QUOTA_EXCEEDED, STREAM_NOT_FOUND, LOG_UNAVAILABLE
   */
  async admit({ account }: Identity, keys: Iterable<string>): Promise<void> {
    const unknown = [...new Set(keys)].filter((key) => !this.admissions.has(key));
    for (let at = 0; at < unknown.length; at += ASKED_AT_ONCE) {
      await Promise.all(unknown.slice(at, at + ASKED_AT_ONCE).map((key) => this.ask(account, key)));
    }
  }

  /** Counts entries about to be pushed. @throws SluiceError QUOTA_EXCEEDED, with nothing counted that is not pushed */
  take({ account }: Identity, entries: number, bytes: number): void {
    const refusal = this.entriesPerUser.take(account, entries) ?? this.entries.take(EVERYBODY, entries);
    if (refusal !== null) throw new SluiceError('QUOTA_EXCEEDED', refusal.message, { details: refusal.details ?? {} });
    this.bytesPerUser?.add(account, bytes);
    this.bytes?.add(EVERYBODY, bytes);
  }

  /** Refuses a socket before its handshake, while it still can be told why. @throws SluiceError QUOTA_EXCEEDED */
  assertRoomForSocket({ account }: Identity): void {
    const { userConnections, connections } = this.settings;
    const open = this.sockets.get(account) ?? 0;
    if (open >= userConnections) throw tooMany(account, userConnections, 'SLUICE_QUOTA_USER_CONNECTIONS');
    if (this.openSockets >= connections) throw tooMany(EVERYBODY, connections, 'SLUICE_QUOTA_CONNECTIONS');
  }

  /** Counts an open socket, or an answer that goes on like one; returns what forgets it. @throws SluiceError QUOTA_EXCEEDED */
  openSocket(identity: Identity): () => void {
    this.assertRoomForSocket(identity);
    const { account } = identity;
    this.sockets.set(account, (this.sockets.get(account) ?? 0) + 1);
    this.openSockets += 1;
    return () => {
      this.openSockets -= 1;
      const left = (this.sockets.get(account) ?? 1) - 1;
      if (left > 0) this.sockets.set(account, left);
      else this.sockets.delete(account);
    };
  }

  /** Makes room in the account for a stream that is made by name. @throws SluiceError QUOTA_EXCEEDED */
  async reserve({ account }: Identity, key: string): Promise<void> {
    if (!(await this.ledger.exists(key))) await this.ledger.reserve(key, account);
    this.admissions.add(key);
  }

  private ask(account: string, key: string): Promise<void> {
    const question = JSON.stringify([account, key]);
    const asked = this.pending.get(question);
    if (asked !== undefined) return asked;
    const answer = this.decide(account, key).finally(() => this.pending.delete(question));
    this.pending.set(question, answer);
    return answer;
  }

  private async decide(account: string, key: string): Promise<void> {
    await Promise.all([this.bytesPerUser?.open(account), this.bytes?.open(EVERYBODY)]);
    if (!(await this.ledger.exists(key))) {
      if (!this.settings.autoCreate) throw noAutomaticCreation(key);
      await this.ledger.reserve(key, account);
    }
    this.admissions.add(key);
  }
}

function byteMeter(
  quota: string,
  setting: string,
  limitBytes: number | null,
  measure: (subject: string) => Promise<number>,
): ByteMeter | null {
  return limitBytes === null ? null : new ByteMeter({ quota, setting, limitBytes, measure });
}

function tooMany(subject: string, limit: number, setting: string): SluiceError {
  return new SluiceError(
    'QUOTA_EXCEEDED',
    `${subject} has ${limit} open WebSockets and live answers, the quota (${setting})`,
    {
      details: { quota: 'connections', limit },
    },
  );
}

function noAutomaticCreation(key: string): SluiceError {
  return new SluiceError(
    'STREAM_NOT_FOUND',
    `there is no stream ${JSON.stringify(key)}, and pushes make none (SLUICE_QUOTA_AUTO_CREATE=0): make it with PUT /v1/streams/{device}/{stream}`,
  );
}
