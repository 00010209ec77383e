import { type LogEntry, type StreamLog } from '@sluice/stream-log';
import { type GapNotice, type ResetNotice } from '@sluice/stream-log';
import { readNewest } from '../streams/bounded-read.js';
import { type EntryId } from '@sluice/wire';
import { type FollowMetrics } from '../metrics/store-metrics.js';
import { type FrameWriter } from '@sluice/service-kit';
import { IdleTimer } from './idle-timer.js';
import { pauseAboveBytes, type PullEvents } from './live-pull.js';
import { gapFrame, resetFrame } from './notices.js';
import { IDLE_WITHOUT_HEADER, IDLE_WITH_HEADER, encodeMessage, type LabelledEntry } from './pull-encoder.js';
import { type PullOptions, type ResolvedStream, type RoundRules } from './pull-options.js';
import { RoundMember } from './round-member.js';

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

type Convert = NonNullable<RoundRules['convert']>;

/**
 * Pull in rounds, for sockets that pace themselves (acks, `max_fps`) or read several streams: one message a round with up to
 * `count` entries of each stream that has some, in the order of the request. The next round waits for the ack, the pace and
 * the socket; until then every stream is paused at its position.
 */
export class RoundPull {
  private readonly members = new Map<string, RoundMember>();
  private readonly idle: IdleTimer;
  /** Messages sent less acks received, where acks are asked for. */
  private unacked = 0;
  private nextRoundAt = 0;
  private pace: NodeJS.Timeout | null = null;
  private composing: NodeJS.Immediate | null = null;
  /** Streams known to have entries at the start, so that the first message holds all of them. */
  private readonly expected = new Set<RoundMember>();
  private readonly pauseAboveBytes: number;
  private isConverting = false;
  private isClosed = false;

  constructor(
    private readonly log: StreamLog,
    private readonly options: PullOptions,
    private readonly writer: FrameWriter,
    private readonly metrics: FollowMetrics,
    private readonly events: PullEvents,
  ) {
    this.pauseAboveBytes = pauseAboveBytes(options.isLatest);
    this.idle = new IdleTimer(options.blockMs, () => this.sendIdle());
    writer.onDrain(() => this.openRound());
  }

  async start(streams: readonly ResolvedStream[]): Promise<void> {
    const members = streams.map(({ key, label, start }) => this.join(key, label, start));
    if (streams.length > 1) await Promise.all(members.map((member) => this.expect(member)));
    this.idle.touch();
  }

  join(key: string, label: string, start: EntryId): RoundMember | null {
    if (this.isClosed || this.members.has(key)) return null;
    const member = new RoundMember(this, key, label, start);
    this.members.set(key, member);
    this.metrics.followers += 1;
    const { isLatest, form } = this.options;
    const bound = isLatest ? { latest: form.count } : { maxEntries: form.count };
    member.attach(this.log.follow(key, { after: start, ...bound }, member));
    return member;
  }

  leave(key: string): void {
    const member = this.members.get(key);
    if (member === undefined) return;
    this.members.delete(key);
    this.expected.delete(member);
    this.metrics.followers -= 1;
    member.close();
  }

  /** Up to where each stream was sent or skipped. */
  positions(): [key: string, position: EntryId | '$'][] {
    return [...this.members.values()].map(({ key, cursor }) => [key, cursor]);
  }

  /** Counts the time without entries anew. */
  waitAgain(): void {
    if (!this.isClosed) this.idle.touch();
  }

  /** One frame of the client. */
  acknowledge(): void {
    if (!this.options.needsAck || this.isClosed) return;
    this.unacked -= 1;
    this.openRound();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.metrics.followers -= this.members.size;
    this.idle.stop();
    if (this.pace !== null) clearTimeout(this.pace);
    if (this.composing !== null) clearImmediate(this.composing);
    for (const member of this.members.values()) member.close();
    this.members.clear();
  }

  /** Whether a message may be sent now. */
  get isOpen(): boolean {
    if (this.isClosed || this.isConverting || this.unacked > 0) return false;
    if (this.writer.bufferedBytes > this.pauseAboveBytes) return false;
    return performance.now() >= this.nextRoundAt;
  }

  /** A member has entries (or missed some while the round was closed). */
  onArrival(member: RoundMember): void {
    this.expected.delete(member);
    this.compose();
  }

  tellGap(label: string, gap: GapNotice): void {
    this.metrics.countGap(gap.lost);
    if (this.options.tellsGaps && !this.isClosed) this.writer.write(gapFrame(label, gap));
  }

  tellReset(label: string, reset: ResetNotice): void {
    this.metrics.resets += 1;
    if (this.options.tellsGaps && !this.isClosed) this.writer.write(resetFrame(label, reset));
  }

  fail(error: unknown): void {
    if (!this.isClosed) this.events.onFailure(error);
  }

  get isLatest(): boolean {
    return this.options.isLatest;
  }

  /** Newest entries after a position: for members whose news came while the round was closed. */
  newest(member: RoundMember): Promise<readonly LogEntry[]> {
    return readNewest(this.log.reader, member.key, member.cursor, this.options.form.count);
  }

  private async expect(member: RoundMember | null): Promise<void> {
    if (member === null) return;
    this.expected.add(member);
    try {
      const found = await this.log.reader.read(member.key, { after: member.start, count: 1 });
      if (found.length === 0) this.expected.delete(member);
    } catch {
      this.expected.delete(member);
    }
    this.compose();
  }

  /** After an ack, a drain or the pace: lets paused members go on and sends what is there. */
  private openRound(): void {
    if (!this.isOpen) return;
    this.idle.touch();
    for (const member of this.members.values()) member.goOn();
    this.compose();
  }

  /** At the end of the turn, so that streams read together go out together. */
  private compose(): void {
    if (this.composing !== null || this.isClosed) return;
    this.composing = setImmediate(() => {
      this.composing = null;
      if (this.isOpen && this.expected.size === 0) this.sendRound();
    });
  }

  private sendRound(): void {
    const parts = this.pickRound();
    if (parts.length === 0) return;
    this.followLeader();
    const convert = this.options.rounds?.convert ?? null;
    if (convert === null) this.sendParts(parts);
    else void this.sendConverted(parts, convert);
  }

  /** The entries of one message: of each stream, or of the one whose turn it is. */
  private pickRound(): LabelledEntry[] {
    const parts: LabelledEntry[] = [];
    let bytes = 0;
    for (const member of this.members.values()) {
      for (const entry of member.peek(this.options.form.count)) {
        if (parts.length > 0 && bytes + entry.payload.length > MAX_MESSAGE_BYTES) break;
        bytes += entry.payload.length;
        parts.push({ label: member.label, entry });
        member.take(entry);
      }
      if (parts.length === 0 || this.options.rounds?.isOneByOne !== true) continue;
      // Whoever had a turn comes last.
      this.members.delete(member.key);
      this.members.set(member.key, member);
      break;
    }
    return parts;
  }

  private followLeader(): void {
    const leader = this.members.get(this.options.rounds?.leader ?? '');
    if (leader === undefined) return;
    for (const member of this.members.values()) member.skipTo(leader.cursor);
  }

  private sendParts(parts: readonly LabelledEntry[]): void {
    this.send(encodeMessage(parts, this.options.form));
    this.metrics.countOut(
      parts.length,
      parts.reduce((sum, { entry }) => sum + entry.payload.length, 0),
    );
    if (this.isOpen) for (const member of this.members.values()) member.goOn();
  }

  /** The round stays closed until the entries are converted. */
  private async sendConverted(parts: readonly LabelledEntry[], convert: Convert): Promise<void> {
    this.isConverting = true;
    try {
      const converted = await convert(parts);
      this.isConverting = false;
      if (this.isClosed) return;
      if (converted.length > 0) this.sendParts(converted);
      this.openRound();
    } catch (error) {
      this.fail(error);
    }
  }

  private sendIdle(): void {
    if (!this.isOpen) return this.idle.touch();
    if (this.events.onIdle !== undefined) return this.events.onIdle();
    this.send([this.options.form.hasHeader ? IDLE_WITH_HEADER : IDLE_WITHOUT_HEADER]);
  }

  private send(pieces: readonly Uint8Array[]): void {
    this.writer.write(pieces);
    if (this.options.needsAck) this.unacked += 1;
    this.idle.touch();
    const { intervalMs } = this.options;
    if (intervalMs === 0) return;
    this.nextRoundAt = performance.now() + intervalMs;
    if (this.pace !== null) clearTimeout(this.pace);
    this.pace = setTimeout(() => {
      // Timers may come a little before their time by this clock, and nothing else would open the round.
      this.nextRoundAt = 0;
      this.openRound();
    }, intervalMs);
  }
}
