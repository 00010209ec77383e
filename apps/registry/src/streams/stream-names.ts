import { EVENT_STREAMS } from '@sluice/catalog';
import { type Identity } from '@sluice/service-kit';
import { isOwnKey, type StreamAdmin } from '@sluice/stream-log';
import { nameTest } from '../graphql/match.js';
import { below } from './sorted-names.js';
import { type IndexState, type MetaIndex } from '../search/meta-index.js';

/** Which names are asked for. */
interface NameSelection {
  readonly prefix: string;
  readonly match: string | null;
}

/** Names as one operation sees them: read once, and only what its reader may read. */
export class StreamNames {
  private known: Promise<string[]> | null = null;
  private described: Promise<string[]> | null = null;

  constructor(
    private readonly admin: StreamAdmin,
    private readonly index: MetaIndex,
    private readonly identity: Identity,
    /** Told when names that have metadata only may be missing. */
    private readonly onIncomplete: (state: IndexState) => void,
  ) {}

  /** Every stream there is, event streams included; sorted. @throws SluiceError LOG_UNAVAILABLE */
  existing(): Promise<string[]> {
    this.known ??= this.readExisting();
    return this.known;
  }

  /** Every stream that has metadata, whether it exists or not; sorted. @throws SluiceError LOG_UNAVAILABLE */
  withMeta(): Promise<string[]> {
    this.described ??= this.readDescribed();
    return this.described;
  }

  /** Both, sorted. */
  async all(): Promise<string[]> {
    const [existing, described] = await Promise.all([this.existing(), this.withMeta()]);
    return [...new Set([...existing, ...described])].sort();
  }

  /** Those of sorted names below a prefix that a glob over the rest matches. */
  select(names: readonly string[], { prefix, match }: NameSelection): string[] {
    const isMatch = nameTest(match);
    return below(names, prefix).filter((name) => isMatch(name.slice(prefix.length)));
  }

  private async readExisting(): Promise<string[]> {
    const events = EVENT_STREAMS.filter((key) => this.isVisible(key));
    const [names, exist] = await Promise.all([
      this.admin.findNames({ isVisible: (name) => this.isVisible(name) }),
      this.admin.commands.runAll(events.map((key) => ({ name: 'EXISTS', args: [key], subject: `stream "${key}"` }))),
    ]);
    return [...names, ...events.filter((_key, at) => exist[at] === 1)].sort();
  }

  private async readDescribed(): Promise<string[]> {
    const state = await this.index.level();
    if (!state.isComplete) this.onIncomplete(state);
    return this.index.names().filter((name) => this.isVisible(name) && !isOwnKey(name));
  }

  private isVisible(name: string): boolean {
    return this.identity.allows('stream:read', name);
  }
}
