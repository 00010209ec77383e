import { Injectable } from '@nestjs/common';
import { StreamAdmin, StreamLog, type GroupDelivery } from '@sluice/stream-log';
import { type ServerResponse } from 'node:http';
import { Stopping } from '../../health/stopping.js';

/** What one read of a group asks for. */
export interface GroupRead {
  readonly key: string;
  readonly group: string;
  readonly consumer: string;
  readonly count: number;
  /** Longest wait for a first entry; 0: none. */
  readonly blockMs: number;
}

/** Reads of groups that may wait: the wait is a follower of the stream, not a blocked connection to Redis. */
@Injectable()
export class GroupReads {
  constructor(
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly stopping: Stopping,
  ) {}

  /** @throws SluiceError `GROUP_NOT_FOUND`, … */
  async read(read: GroupRead, response: ServerResponse): Promise<GroupDelivery> {
    const { key, group, consumer, count, blockMs } = read;
    const deadline = performance.now() + blockMs;
    for (;;) {
      const after = await this.log.reader.lastGeneratedId(key);
      const delivery = await this.admin.groups.read(key, group, consumer, count);
      const waitMs = deadline - performance.now();
      const isOver = waitMs <= 0 || response.destroyed || this.stopping.isStopping;
      if (delivery.entries.length > 0 || isOver) return delivery;
      await this.change(key, after, waitMs, response);
    }
  }

  /** Waits until the stream has something after a position, or time is up. */
  private async change(key: string, after: string, waitMs: number, response: ServerResponse): Promise<void> {
    const changed = Promise.withResolvers<void>();
    const done = (): void => changed.resolve();
    const follower = this.log.follow(
      key,
      { after, maxEntries: 1 },
      { onEntries: () => (done(), false), onGap: done, onReset: done, onFailure: done },
    );
    follower.ready.catch(() => undefined);
    const timer = setTimeout(done, waitMs);
    const forget = this.stopping.onEnd(response, done);
    await changed.promise;
    forget();
    clearTimeout(timer);
    follower.close();
  }
}
