import { SluiceError } from '@sluice/contracts';
import { parseBoolean } from '@sluice/wire';

/** One thing wrong with a request, in the shape that the dialect's clients know. */
export interface ParameterFault {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** A request whose parameters or body do not fit: 422 with every fault over HTTP, 403 at an upgrade. */
export class ParameterError extends SluiceError {
  constructor(readonly faults: readonly ParameterFault[]) {
    super('INVALID_PARAMETER', faults.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '));
  }
}

/** A query as the HTTP server parsed it: the last of repeated parameters counts. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const MAX_TIMER_MS = 2 ** 31 - 1;
const INTEGER = /^\s*[+-]?\d{1,18}\s*$/;
const FLOAT = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/**
 * Reads typed parameters out of a query and gathers what is wrong, so that one answer names every fault. Parameters that
 * nobody asks for are ignored.
 */
export class QueryReader {
  private readonly faults: ParameterFault[] = [];

  constructor(private readonly query: Query) {}

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  text(name: string, fallback: string): string {
    return this.raw(name) ?? fallback;
  }

  boolean<T extends boolean | null>(name: string, fallback: T): boolean | T {
    const raw = this.raw(name);
    if (raw === undefined) return fallback;
    const value = parseBoolean(raw);
    if (value !== null) return value;
    this.refuse(name, 'value could not be parsed to a boolean', 'type_error.bool');
    return fallback;
  }

  /** A whole number, at least `minimum`. */
  integer(name: string, fallback: number, minimum: number): number {
    const raw = this.raw(name);
    if (raw === undefined) return fallback;
    const value = INTEGER.test(raw) ? Number(raw) : Number.NaN;
    if (!Number.isSafeInteger(value)) {
      this.refuse(name, 'value is not a valid integer', 'type_error.integer');
      return fallback;
    }
    return this.atLeast(name, value, minimum);
  }

  /** Milliseconds to wait: a whole number, at most what a timer can wait (24 days). */
  waitMs(name: string, fallback: number): number {
    return Math.min(this.integer(name, fallback, 0), MAX_TIMER_MS);
  }

  /** A finite number, at least `minimum`. */
  number(name: string, fallback: number, minimum: number): number {
    const raw = this.raw(name);
    if (raw === undefined) return fallback;
    const value = FLOAT.test(raw) ? Number(raw) : Number.NaN;
    if (!Number.isFinite(value)) {
      this.refuse(name, 'value is not a valid float', 'type_error.float');
      return fallback;
    }
    return this.atLeast(name, value, minimum);
  }

  choice<T extends string>(name: string, fallback: T, choices: readonly T[]): T {
    const raw = this.raw(name);
    if (raw === undefined) return fallback;
    const found = choices.find((choice) => choice === raw.toLowerCase());
    if (found !== undefined) return found;
    this.refuse(name, `value is not one of ${choices.join(', ')}`, 'value_error');
    return fallback;
  }

  refuse(name: string, msg: string, type = 'value_error', ctx?: Readonly<Record<string, unknown>>): void {
    this.faults.push({ loc: ['query', name], msg, type, ...(ctx === undefined ? {} : { ctx }) });
  }

  /** @throws ParameterError with every fault found so far */
  assertValid(): void {
    if (this.faults.length > 0) throw new ParameterError(this.faults);
  }

  private atLeast(name: string, value: number, minimum: number): number {
    if (value >= minimum) return value;
    const msg = `ensure this value is greater than or equal to ${minimum}`;
    this.refuse(name, msg, 'value_error.number.not_ge', { limit_value: minimum });
    return minimum;
  }

  private raw(name: string): string | undefined {
    if (!Object.hasOwn(this.query, name)) return undefined;
    const value = this.query[name];
    return typeof value === 'object' ? value.at(-1) : value;
  }
}

/** The query of an upgrade request as a {@link Query}. */
export function queryOf(params: URLSearchParams): Query {
  return Object.fromEntries(params);
}
