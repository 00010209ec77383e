import { type StreamFinder } from './permitted.js';

/** Who is told of the streams of a pattern. */
export interface PatternMembers {
  /** A stream that is there, or has appeared. */
  onJoin(key: string): void;
  onLeave(key: string): void;
}

/** Whether a name asks for every stream that matches; `?` and `[…]` count only beside a `*`, so that ordinary names stay literal. */
export function isPattern(text: string): boolean {
  return text.includes('*');
}

/** A text as a glob that matches it alone. */
export function escapeGlob(text: string): string {
  return text.replace(/[*\\?[]/g, '\\$&');
}

/** Keys of the streams that match any of some globs now. @throws SluiceError LOG_UNAVAILABLE */
export async function findKeys(finder: StreamFinder, globs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(globs.map((match) => finder.find({ match })));
  return [...new Set(found.flat())];
}

/** Tells which streams match any of some globs: those there are, those that appear, those that are deleted. */
export class PatternWatch {
  private readonly stops: (() => void)[] = [];
  private isClosed = false;

  constructor(
    private readonly finder: StreamFinder,
    private readonly globs: readonly string[],
    private readonly members: PatternMembers,
  ) {}

  /** Resolves when every stream that is there was told. @throws SluiceError LOG_UNAVAILABLE */
  async start(): Promise<void> {
    for (const match of this.globs) {
      const stop = await this.finder.watch({ match }, ({ type, name }) => {
        if (this.isClosed) return;
        if (type === 'created') this.members.onJoin(name);
        else this.members.onLeave(name);
      });
      if (this.isClosed) stop();
      else this.stops.push(stop);
    }
  }

  close(): void {
    this.isClosed = true;
    for (const stop of this.stops.splice(0)) stop();
  }
}
