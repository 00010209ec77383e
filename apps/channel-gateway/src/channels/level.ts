import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '@sluice/stream-log';
import { entryOfPosition, type EntryId } from '@sluice/wire';
import { type ChannelKeys } from './channel-keys.js';
import { type ChannelView } from './channel-view.js';

const PATIENCE_MS = 5_000;
const SUBJECT = 'the end of channels';

/**
 * Brings what this replica knows level with the log, so that a record which any replica has accepted is seen by every later
 * read. All reads of one event-loop turn ask Redis together, once.
 */
export class Level {
  private waiting: { readonly views: readonly ChannelView[]; readonly done: (asked: Promise<void>) => void }[] = [];

  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
  ) {}

  /** @throws SluiceError LOG_UNAVAILABLE */
  catchUp(views: readonly ChannelView[]): Promise<void> {
    return new Promise((resolve) => {
      if (this.waiting.length === 0) setImmediate(() => this.ask());
      this.waiting.push({ views, done: resolve });
    });
  }

  private ask(): void {
    const { waiting } = this;
    this.waiting = [];
    const views = [...new Set(waiting.flatMap((one) => one.views))];
    const ends = this.readEnds(views);
    ends.catch(() => undefined);
    for (const one of waiting) one.done(ends.then((targets) => reachAll(one.views, targets)));
  }

  /** For the views behind the log: where it ends. */
  private async readEnds(views: readonly ChannelView[]): Promise<Map<ChannelView, EntryId>> {
    if (views.length === 0) return new Map();
    const keys = views.map(({ channel }) => this.keys.stream(channel.name));
    const positions = views.map(({ position }) => entryOfPosition(position));
    const reply = await this.commands.run({
      name: 'XREAD',
      args: ['COUNT', 1, 'STREAMS', ...keys, ...positions],
      subject: SUBJECT,
    });
    const behind = Array.isArray(reply) ? reply.map((stream) => String((stream as unknown[])[0])) : [];
    const late = views.filter(({ channel }) => behind.includes(this.keys.stream(channel.name)));
    const ends = await this.commands.runAll(
      late.map(({ channel }) => {
        return { name: 'XREVRANGE', args: [this.keys.stream(channel.name), '+', '-', 'COUNT', 1], subject: SUBJECT };
      }),
    );
    const targets = late.flatMap((view, at): [ChannelView, EntryId][] => {
      const end = ends[at];
      if (end instanceof SluiceError) throw end;
      const entry = (end as unknown[][])[0];
      return entry === undefined ? [] : [[view, String(entry[0])]];
    });
    return new Map(targets);
  }
}

async function reachAll(views: readonly ChannelView[], targets: ReadonlyMap<ChannelView, EntryId>): Promise<void> {
  const reaching = views.flatMap((view) => {
    const target = targets.get(view);
    return target === undefined ? [] : [view.reach(target)];
  });
  if (reaching.length === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new SluiceError('LOG_UNAVAILABLE', `channels are not read to their end within ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
  });
  try {
    await Promise.race([Promise.all(reaching), late]);
  } finally {
    clearTimeout(timer);
  }
}
