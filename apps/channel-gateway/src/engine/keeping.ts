import { type GatewayModule } from '../sdk/module.js';

/** What modules keep, by module and by the names they gave; null: nothing any more. */
export type Kept = ReadonlyMap<string, ReadonlyMap<string, string | null>>;

const MAX_NAMES = 10_000;
const MAX_CHARS = 1_000;

/** What the modules have kept, and what of it is not told yet. */
export class Keeping {
  private readonly known = new Map<string, Map<string, string>>();
  private fresh = new Map<string, Map<string, string | null>>();

  constructor(kept: Kept) {
    for (const [module, values] of kept) {
      const present = [...values].filter((pair): pair is [string, string] => pair[1] !== null);
      this.known.set(module, new Map(present));
    }
  }

  get hasFresh(): boolean {
    return this.fresh.size > 0;
  }

  /** Everything a module has kept; goes on with what it keeps. */
  of({ name }: GatewayModule): ReadonlyMap<string, string> {
    return mapOf(this.known, name);
  }

  /** @throws Error for more names, or longer texts, than may be kept */
  keep({ name: module }: GatewayModule, name: string, value: string | null): void {
    const known = mapOf(this.known, module);
    if (name.length > MAX_CHARS || (value?.length ?? 0) > MAX_CHARS) {
      throw new Error(`"${name.slice(0, 100)}" is not kept: name and value have at most ${MAX_CHARS} characters`);
    }
    if (value !== null && known.size >= MAX_NAMES && !known.has(name)) {
      throw new Error(`"${name}" is not kept: a module keeps at most ${MAX_NAMES} names`);
    }
    if (value === null) known.delete(name);
    else known.set(name, value);
    mapOf(this.fresh, module).set(name, value);
  }

  /** What was kept since the last call. */
  takeFresh(): Kept {
    const { fresh } = this;
    if (fresh.size > 0) this.fresh = new Map();
    return fresh;
  }
}

function mapOf<Value>(maps: Map<string, Map<string, Value>>, name: string): Map<string, Value> {
  const found = maps.get(name) ?? new Map<string, Value>();
  maps.set(name, found);
  return found;
}
