/** Where a fault lies: member names and indexes from the outside in. */
export type Location = readonly (string | number)[];

/** One fault of an input, in the words and the shape that clients of the dialect know. */
export interface Fault {
  readonly type: string;
  readonly loc: Location;
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
  /** Where the words are explained. */
  readonly url?: string;
}

/** An input can have as many faults as bytes; nobody reads more than these. */
const MAX_FAULTS = 50;
const MAX_SHOWN_CHARS = 500;

/** Collects the faults of one input. Who reads says where in the input it is, so that a place is made only for a fault. */
export class Faults {
  readonly list: Fault[] = [];
  private readonly path: (string | number)[];

  /** @param loc where the input lies */
  constructor(loc: Location = []) {
    this.path = [...loc];
  }

  get isFull(): boolean {
    return this.list.length >= MAX_FAULTS;
  }

  get count(): number {
    return this.list.length;
  }

  /** What comes is about the member of that name, or the item of that index, until {@link leave}. */
  enter(name: string | number): void {
    this.path.push(name);
  }

  leave(): void {
    this.path.pop();
  }

  /** Another collection at the same place, for a reading that may fail. */
  fresh(): Faults {
    return new Faults(this.path);
  }

  add(type: string, msg: string, input: unknown, ctx?: Fault['ctx']): void {
    if (this.isFull) return;
    this.list.push({ type, loc: [...this.path], msg, input: shown(input), ...(ctx === undefined ? {} : { ctx }) });
  }

  /** Takes over those of another collection. */
  addAll({ list }: Faults): void {
    this.list.push(...list.slice(0, MAX_FAULTS - this.list.length));
  }
}

/** What did not go through as an input of records; answered with 422. */
export class FaultyInput extends Error {
  override readonly name = 'FaultyInput';

  constructor(readonly faults: readonly Fault[]) {
    super(faults.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ') || 'the input is not valid');
  }
}

/** The input itself, unless repeating it would make an answer as large as the request. */
function shown(input: unknown): unknown {
  if (input === undefined) return null;
  if (typeof input === 'string') return input.length > MAX_SHOWN_CHARS ? `${input.slice(0, MAX_SHOWN_CHARS)}…` : input;
  if (typeof input === 'number') return Number.isFinite(input) ? input : String(input);
  if (typeof input !== 'object' || input === null) return input;
  if (isSmall(input)) return input;
  return Array.isArray(input) ? `a list of ${input.length}` : `an object of ${Object.keys(input).length} members`;
}

function isSmall(input: object): boolean {
  const members = Object.values(input);
  return (
    members.length <= 20 &&
    members.every((member) => (typeof member === 'object' ? member === null : String(member).length <= 200))
  );
}
