import { type Entities } from '@sluice/catalog';
import { type Logger } from 'pino';
import { type Channel } from '../engine/catalogue.js';
import { type Mounted } from '../channels/mounted.js';

const KIND = 'channel';
const RETRY_MS = 5_000;

export interface ChannelEntitiesOptions {
  readonly entities: Entities;
  readonly mounted: Mounted;
  /** Name under which the channels are kept. */
  readonly application: string;
  readonly logger: Logger;
}

/** Registers the channels that are shown in the system's catalogue, where the registry finds them. */
export class ChannelEntities {
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;

  constructor(private readonly options: ChannelEntitiesOptions) {}

  /** Brings the catalogue in line with what there is now; goes on trying while Redis does not answer. */
  update(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.writing = this.writing.then(async () => {
      if (this.isStopped) return;
      await this.write().catch((error: unknown) => {
        this.options.logger.warn({ err: error }, 'channels are not in the catalogue yet');
        this.timer = setTimeout(() => this.update(), RETRY_MS);
        this.timer.unref();
      });
    });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.writing;
  }

  private async write(): Promise<void> {
    const { entities, mounted, application } = this.options;
    const names = await entities.names(KIND);
    const descriptions = await entities.describe(KIND, names);
    const known = new Map(names.map((name, at) => [name, descriptions[at] ?? {}]));
    const shown = mounted.streamedChannels;
    for (const channel of shown) {
      const description = { application, ...describe(channel) };
      if (JSON.stringify(known.get(channel.name)) === JSON.stringify(description)) continue;
      await entities.register(KIND, channel.name, description);
    }
    const here = new Set(shown.map(({ name }) => name));
    for (const [name, { application: owner }] of known) {
      if (owner === application && !here.has(name)) await entities.unregister(KIND, name);
    }
  }
}

/** What the catalogue says of a channel. Of a large basket the first keys will do. */
function describe({ declaration: { type, isList, options }, keys }: Channel): Record<string, unknown> {
  const { description = '', sendable = false, staged = false, states = [] } = options;
  const isBasket = keys !== null;
  return {
    type: type.qualifiedName,
    shape: isBasket ? (isList ? 'basket_of_lists' : 'basket') : isList ? 'list' : 'scalar',
    description,
    sendable,
    staged,
    states: states.length,
    ...(isBasket ? { keyCount: keys.size, keys: [...keys.keys()].slice(0, 100) } : {}),
  };
}
