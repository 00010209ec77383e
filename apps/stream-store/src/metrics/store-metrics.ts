import { type ErrorCode } from '@sluice/contracts';
import { entryTimeMs, type EntryId } from '@sluice/wire';
import { toSluiceError } from '../streams/refusing.js';

/** Protocols that entries come and go by: `dialect` is redis-streamer's. */
export const CHANNELS = ['dialect_socket', 'dialect_http', 'ptg_socket', 'ptg_http', 'v1_socket', 'v1_http'] as const;

/** One of them. */
export type Channel = (typeof CHANNELS)[number];

/** Counters of entries that come in by one protocol. Plain numbers: they are touched for every message. */
export class IngestMetrics {
  entries = 0;
  bytes = 0;

  constructor(private readonly refused: Map<ErrorCode, number>) {}

  countIn(entries: number, bytes: number): void {
    this.entries += entries;
    this.bytes += bytes;
  }

  countRefused(error: unknown): void {
    const { code } = toSluiceError(error);
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }
}

/** Something that stands at a position of a stream. */
export interface Positioned {
  readonly position: EntryId | '$';
}

/** Counters of entries that go out by one protocol. */
export class FollowMetrics {
  entries = 0;
  bytes = 0;
  gaps = 0;
  /** Entries trimmed before a follower read them, where the number is known. */
  trimmedUnread = 0;
  resets = 0;
  followers = 0;
  /** Followers paused because their client takes too little. */
  readonly paused = new Set<Positioned>();

  countOut(entries: number, bytes: number): void {
    this.entries += entries;
    this.bytes += bytes;
  }

  countGap(lost: number | null): void {
    this.gaps += 1;
    this.trimmedUnread += lost ?? 0;
  }
}

/** Milliseconds since the time of the oldest position among followers; 0 for none. */
export function lagMs(followers: Iterable<Positioned>, nowMs: number): number {
  let most = 0;
  for (const { position } of followers) {
    if (position !== '$') most = Math.max(most, nowMs - entryTimeMs(position));
  }
  return most;
}

/** Kinds of sockets. */
export type SocketKind = 'push' | 'pull' | 'v1';

/** Everything the stream store counts by itself; `prometheus.ts` gives it names. */
export class StoreMetrics {
  readonly refused = new Map<ErrorCode, number>();
  readonly ingest: Readonly<Record<Channel, IngestMetrics>>;
  readonly follow: Readonly<Record<Channel, FollowMetrics>>;
  readonly openSockets: Record<SocketKind, number> = { push: 0, pull: 0, v1: 0 };

  constructor() {
    this.ingest = perChannel(() => new IngestMetrics(this.refused));
    this.follow = perChannel(() => new FollowMetrics());
  }
}

function perChannel<T>(make: () => T): Record<Channel, T> {
  return Object.fromEntries(CHANNELS.map((channel) => [channel, make()])) as Record<Channel, T>;
}
