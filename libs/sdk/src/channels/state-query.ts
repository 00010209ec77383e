import { SluiceError } from '@sluice/contracts';

/** How a value is compared. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What an attribute is compared with: a value, a time, or another attribute of the record. */
export type Operand = number | string | boolean | Date | { readonly attribute: string };

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

type Condition = Readonly<Record<string, unknown>>;

/** The conditions and the rest of a query, as they are sent. */
interface Parts {
  readonly filters: readonly Condition[];
  readonly rest: Readonly<Record<string, string | number>>;
}

/**
 * Builds the query of a state, step by step; each step gives a new query. All conditions must hold.
 *
 * `query().where('x', '>=', 5).where('inner.z', '==', 12).sort('-x').limit(10)`
 */
export class StateQuery<Field extends string | null = null> {
  /** For the compiler alone: the fields that are chosen; null: all. */
  declare readonly chosen: Field;

  /** @internal made by {@link query} */
  constructor(private readonly parts: Parts) {}

  /**
   * Compares an attribute; dots lead into nested objects.
   * @throws SluiceError `INVALID_PARAMETER`
   */
  where(attribute: string, comparison: Comparison, operand: Operand): StateQuery<Field> {
    if (!COMPARISONS.has(comparison)) {
      throw new SluiceError('INVALID_PARAMETER', `"${comparison}" is no comparison: ${[...COMPARISONS].join(' ')}`);
    }
    return this.and({ attr: attribute, by: { ...operandOf(operand), where: comparison } });
  }

  /** The attribute has one of these values. */
  whereIn(attribute: string, values: readonly (number | string | boolean)[]): StateQuery<Field> {
    return this.and({ attr: attribute, by: { value: values, where: 'in' } });
  }

  /** The attribute is a text that has this one in it, or a list that has this value. */
  whereContains(attribute: string, value: number | string): StateQuery<Field> {
    return this.and({ attr: attribute, by: { value, where: 'contains' } });
  }

  /** The attribute is unset; with `false`: it is not. */
  whereNull(attribute: string, isNull = true): StateQuery<Field> {
    return this.and({ attr: attribute, by: { where: isNull ? 'null' : 'not null' } });
  }

  /** The conditions of at least one of these queries hold. @throws SluiceError `INVALID_PARAMETER` for one without any */
  whereAny(...queries: readonly StateQuery<string | null>[]): StateQuery<Field> {
    const or = queries.map(({ parts: { filters } }) => (filters.length === 1 ? filters[0] : { and: filters }));
    if (or.length === 0 || queries.some(({ parts: { filters } }) => filters.length === 0)) {
      throw new SluiceError('INVALID_PARAMETER', 'whereAny needs queries that have conditions');
    }
    return this.and({ or });
  }

  /** By these attributes in this order; one that begins with `-` is sorted downwards. */
  sort(...attributes: readonly string[]): StateQuery<Field> {
    return this.with({ sort: attributes.join(',') });
  }

  /** So many records at the most. */
  limit(count: number): StateQuery<Field> {
    return this.with({ limit: count });
  }

  /** Without the first so many. */
  offset(count: number): StateQuery<Field> {
    return this.with({ offset: count });
  }

  /** Only these attributes of each record; the compiler knows of no others then. */
  fields<const Name extends string>(...attributes: readonly Name[]): StateQuery<Name> {
    return new StateQuery<Name>(this.parts).with({ fields: attributes.join(',') });
  }

  /** As the query of a request. */
  get parameters(): Readonly<Record<string, string | number>> {
    const { filters, rest } = this.parts;
    return { ...(filters.length === 0 ? {} : { query: JSON.stringify({ filters }) }), ...rest };
  }

  private and(condition: Condition): StateQuery<Field> {
    return new StateQuery<Field>({ ...this.parts, filters: [...this.parts.filters, condition] });
  }

  private with(more: Readonly<Record<string, string | number>>): StateQuery<Field> {
    return new StateQuery<Field>({ ...this.parts, rest: { ...this.parts.rest, ...more } });
  }
}

/** A query without conditions. */
export function query(): StateQuery {
  return new StateQuery({ filters: [], rest: {} });
}

function operandOf(operand: Operand): Record<string, unknown> {
  if (operand instanceof Date) return { when: operand.toISOString() };
  return typeof operand === 'object' ? { attr: operand.attribute } : { value: operand };
}
