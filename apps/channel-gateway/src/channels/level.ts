import { SluiceError } from '@sluice/contracts';
import { type RedisCommands } from '@sluice/stream-log';
import { entryOfPosition, FIRST_ENTRY_ID, type EntryId } from '@sluice/wire';
import { type ChannelKeys } from './channel-keys.js';
import { type ChannelView } from './channel-view.js';

/** Where the log of each channel ended. */
type Ends = ReadonlyMap<ChannelView, EntryId>;

const PATIENCE_MS = 5_000;
const SUBJECT = 'the end of channels';

/**
 * Brings what this replica knows level with the log, so that a record which any replica has accepted is seen by every later
 * read. All reads of one event-loop turn ask Redis together, once.
 */
export class Level {
  private waiting: { readonly views: readonly ChannelView[]; readonly done: (asked: Promise<Ends>) => void }[] = [];

  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
  ) {}

  /** Resolves when the views are level, with where the log ended when it was asked. @throws SluiceError LOG_UNAVAILABLE */
  catchUp(views: readonly ChannelView[]): Promise<Ends> {
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
    for (const one of waiting) one.done(ends.then((known) => reachAll(one.views, known)));
  }

  private async readEnds(views: readonly ChannelView[]): Promise<Ends> {
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
    const known = new Map(views.map((view, at): [ChannelView, EntryId] => [view, positions[at] as EntryId]));
    for (const [at, view] of late.entries()) {
      const end = ends[at];
      if (end instanceof SluiceError) throw end;
      const entry = (end as unknown[][])[0];
      if (entry !== undefined) known.set(view, String(entry[0]));
    }
    return known;
  }
}

async function reachAll(views: readonly ChannelView[], ends: Ends): Promise<Ends> {
  const reaching = views.map((view) => view.reach(ends.get(view) ?? FIRST_ENTRY_ID));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new SluiceError('LOG_UNAVAILABLE', `channels are not read to their end within ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
  });
  try {
    await Promise.race([Promise.all(reaching), late]);
    return ends;
  } finally {
    clearTimeout(timer);
  }
}
