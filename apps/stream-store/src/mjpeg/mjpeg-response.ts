import { type EntryBatch, type LogEntry, type StreamLog } from '@sluice/stream-log';
import { compareEntryIds, FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type ServerResponse } from 'node:http';
import { FollowSet, type FollowedStream, type FollowSetOwner } from '../follow/follow-set.js';
import { type FollowMetrics } from '../metrics/store-metrics.js';
import { type FramePictures } from './frame-pictures.js';
import { type MjpegOptions } from './mjpeg-options.js';

export const MJPEG_TYPE = 'multipart/x-mixed-replace;boundary=frame';

const BOUNDARY = '--frame\r\n';
const STAND_BY_AFTER_MS = 3_000;
/** Entries that waited longer behind others are not shown, unless they are the newest. */
const STALE_AFTER_MS = 1_000;
/** Bytes of one stream's entries that a viewer holds while they are shown. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/**
 * One viewer: every entry as a JPEG, as long as the viewer keeps up. While one is converted or sent nothing else is taken
 * from the log; whoever is slow goes on with the newest.
 */
export class MjpegResponse implements FollowSetOwner<string> {
  private readonly followed: FollowSet<string>;
  private standBy: NodeJS.Timeout | null = null;
  private isBusy = false;
  private isClosed = false;
  private leaderAt: EntryId = FIRST_ENTRY_ID;

  constructor(
    log: StreamLog,
    private readonly options: MjpegOptions,
    private readonly response: ServerResponse,
    private readonly pictures: FramePictures,
    private readonly metrics: FollowMetrics,
  ) {
    this.followed = new FollowSet(log, metrics, this);
    response.once('close', () => this.close());
  }

  /** @param positions where each stream begins */
  start(black: Buffer, positions: readonly EntryId[]): void {
    if (this.isClosed) return;
    this.response.flushHeaders();
    this.response.write(BOUNDARY);
    this.write(black);
    for (const [index, { key, sid }] of this.options.streams.entries()) {
      this.followed.join(key, sid, { after: positions[index] ?? FIRST_ENTRY_ID, latest: this.options.count });
    }
  }

  /** Ends the response when the service stops. */
  end(): void {
    this.close();
    this.response.end();
  }

  canTake(): boolean {
    return !this.isBusy;
  }

  onBatch(stream: FollowedStream<string>, batch: EntryBatch): boolean {
    this.isBusy = true;
    void this.show(stream, this.selectNewest(stream.key, batch.entries)).finally(() => {
      this.isBusy = false;
      this.followed.resume();
    });
    return false;
  }

  /** Viewers are shown what there is. */
  onGap(): void {}

  onReset(): void {
    this.leaderAt = FIRST_ENTRY_ID;
  }

  onFailure(): void {
    if (this.followed.size === 0) this.end();
  }

  private selectNewest(key: string, entries: readonly LogEntry[]): LogEntry[] {
    const { leader } = this.options;
    if (leader === key) this.leaderAt = entries.at(-1)?.id ?? this.leaderAt;
    const selected: LogEntry[] = [];
    let bytes = 0;
    for (const entry of entries.toReversed()) {
      bytes += entry.payload.length;
      if (selected.length > 0 && bytes > MAX_HELD_BYTES) break;
      if (leader !== null && leader !== key && compareEntryIds(entry.id, this.leaderAt) <= 0) break;
      selected.unshift(entry);
    }
    return selected;
  }

  private async show({ key, extra: sid }: FollowedStream<string>, entries: readonly LogEntry[]): Promise<void> {
    const staleAt = performance.now() + STALE_AFTER_MS;
    const { input } = this.options;
    for (const [index, { id, payload }] of entries.entries()) {
      if (this.isClosed) return;
      if (index < entries.length - 1 && performance.now() > staleAt) continue;
      // An entry that is no picture costs nobody the others.
      const jpeg = await this.pictures.jpegOf({ key, sid, id, payload, input }).catch(() => null);
      if (jpeg === null || this.isClosed) continue;
      this.metrics.countOut(1, jpeg.length);
      if (!this.write(jpeg)) await this.drained();
    }
  }

  /** One part, with the boundary after it: browsers show a picture when they see its end. False: wait for `drained`. */
  private write(jpeg: Buffer): boolean {
    const { response } = this;
    this.waitForStandBy();
    response.cork();
    response.write(`Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
    response.write(jpeg);
    const canTakeMore = response.write(`\r\n${BOUNDARY}`);
    response.uncork();
    return canTakeMore;
  }

  private drained(): Promise<void> {
    const { response } = this;
    if (this.isClosed || !response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const go = (): void => {
        response.off('drain', go);
        response.off('close', go);
        resolve();
      };
      response.on('drain', go);
      response.on('close', go);
    });
  }

  private waitForStandBy(): void {
    if (this.standBy !== null) clearTimeout(this.standBy);
    this.standBy = setTimeout(() => void this.showStandBy(), STAND_BY_AFTER_MS);
  }

  private async showStandBy(): Promise<void> {
    const picture = await this.pictures.standBy().catch(() => null);
    if (this.isClosed) return;
    // Whoever has not even taken the last picture is not sent another.
    if (picture === null || this.response.writableNeedDrain) this.waitForStandBy();
    else this.write(picture);
  }

  private close(): void {
    this.isClosed = true;
    if (this.standBy !== null) clearTimeout(this.standBy);
    this.followed.close();
  }
}
