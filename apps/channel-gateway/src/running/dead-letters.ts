import { type RedisCommands } from '@sluice/stream-log';
import { type ChannelKeys } from '../channels/channel-keys.js';
import { type ModuleFault } from '../engine/engine.js';

/** About so many failures are kept. */
const KEPT = 1_000;
const MAX_BYTES = 64 * 1024;
/** More failures than these a second are counted and not kept. */
const PER_SECOND = 100;

/** Keeps what modules failed on: the failure and what they were given. */
export class DeadLetters {
  private readonly counts = new Map<string, number>();
  private second = 0;
  private inSecond = 0;

  constructor(
    private readonly commands: RedisCommands,
    private readonly keys: ChannelKeys,
  ) {}

  /** Failures by module since the start of this process. */
  get countByModule(): ReadonlyMap<string, number> {
    return this.counts;
  }

  add(fault: ModuleFault): void {
    this.counts.set(fault.module, (this.counts.get(fault.module) ?? 0) + 1);
    if (!this.mayKeep(fault.atMs)) return;
    const args = [this.keys.deadLetters, 'MAXLEN', '~', KEPT, '*', 'd', letterOf(fault)];
    const command = { name: 'XADD', args, subject: 'dead letters', isRepeatable: false };
    this.commands.run(command).catch(() => undefined);
  }

  private mayKeep(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.inSecond = 0;
    }
    this.inSecond += 1;
    return this.inSecond <= PER_SECOND;
  }
}

function letterOf({ module, error, ticks, atMs }: ModuleFault): string {
  const message = error instanceof Error ? error.message : String(error);
  const letter = { module, error: message.slice(0, 2_000), at: new Date(atMs).toISOString(), ticks };
  const text = jsonOf(letter);
  return text !== null && text.length <= MAX_BYTES ? text : JSON.stringify({ ...letter, ticks: null, isCut: true });
}

/** Null for what is no JSON: a module may tell of anything. */
function jsonOf(letter: object): string | null {
  try {
    return JSON.stringify(letter);
  } catch {
    return null;
  }
}
