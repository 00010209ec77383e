import { type Attribute, type AttributeKind, type Layout } from '../state/attributes.js';
import { readDate, readDateTime, readTime } from '../records/times.js';
import { type Comparison, type Condition, type Loc, type Operand, type StateQuery, type Test } from './query.js';
import { shapeFault } from './read-filters.js';

/** A part of a SQL text and the values bound in it. */
export interface Clause {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** What the conditions of a query are read against. */
export interface Frame {
  readonly layout: Layout;
  readonly isLenient: boolean;
}

const ALWAYS: Clause = { sql: 'TRUE', values: [] };
const NEVER: Clause = { sql: 'FALSE', values: [] };
const OPERATORS: Readonly<Record<Comparison, string>> = {
  '==': '=',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const NUMERIC: ReadonlySet<AttributeKind> = new Set(['integer', 'number', 'boolean']);
const TEMPORAL: ReadonlySet<AttributeKind> = new Set(['timestamp', 'date']);
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;
const WHOLE = /^\s*[+-]?\d{1,18}\s*$/;

/** The conditions of a query as SQL; values are bound, never written into the text. @throws ApiError 400 */
export function toClause(query: StateQuery, layout: Layout): Clause {
  const frame = { layout, isLenient: query.isLenient };
  return joined(query.filters, 'AND', frame);
}

/** The attribute of a path, to sort or show by. @throws ApiError 400 */
export function attributeOf({ layout }: Frame, path: string, loc: Loc): Attribute {
  const attribute = layout.attributes.get(path);
  if (attribute !== undefined) return attribute;
  throw shapeFault('unknown_attribute', loc, `There is no attribute "${path.slice(0, 100)}"`, path);
}

function joined(conditions: readonly Condition[], word: 'AND' | 'OR', frame: Frame): Clause {
  if (conditions.length === 0) return ALWAYS;
  const clauses = conditions.map((condition) => clauseOf(condition, frame));
  return {
    sql: `(${clauses.map(({ sql }) => sql).join(` ${word} `)})`,
    values: clauses.flatMap(({ values }) => values),
  };
}

function clauseOf(condition: Condition, frame: Frame): Clause {
  if ('parts' in condition) return joined(condition.parts, condition.kind === 'or' ? 'OR' : 'AND', frame);
  return testOf(condition, frame);
}

function testOf(condition: Test, frame: Frame): Clause {
  const attribute = frame.layout.attributes.get(condition.attr);
  if (attribute === undefined) {
    if (frame.isLenient) return ALWAYS;
    return attributeOf(frame, condition.attr, [...condition.loc, 'attr']) as never;
  }
  if (condition.kind === 'null')
    return { sql: `${attribute.column} IS ${condition.isNull ? '' : 'NOT '}NULL`, values: [] };
  if (condition.kind === 'contains') return contains(attribute, condition);
  if (!isComparable(attribute)) {
    if (frame.isLenient) return ALWAYS;
    throw incomparable(attribute, [...condition.loc, 'attr']);
  }
  if (condition.kind === 'always') return ALWAYS;
  if (condition.kind === 'in') return isIn(attribute, condition, frame);
  return compare(attribute, condition, frame);
}

function compare(attribute: Attribute, condition: Test & { kind: 'compare' }, frame: Frame): Clause {
  const { where, operand, loc } = condition;
  if (operand.kind === 'attribute') return compareAttributes(attribute, condition, operand.attr, frame);
  const bound = bindOrNull(attribute, operand, { loc, isLenient: frame.isLenient });
  if (bound === null) return NEVER;
  return { sql: `${bound.left} ${OPERATORS[where]} ${bound.right}`, values: [bound.value] };
}

function compareAttributes(
  attribute: Attribute,
  { where, loc }: Test & { kind: 'compare' },
  path: string,
  frame: Frame,
): Clause {
  const other = frame.layout.attributes.get(path);
  if (other === undefined || !isComparable(other)) {
    if (frame.isLenient) return ALWAYS;
    throw incomparable(attributeOf(frame, path, [...loc, 'by', 'attr']), [...loc, 'by', 'attr']);
  }
  const kinds = [attribute.kind, other.kind];
  const isAlike =
    attribute.kind === other.kind ||
    kinds.every((kind) => NUMERIC.has(kind)) ||
    kinds.every((kind) => TEMPORAL.has(kind));
  // As texts an instant and a number would never be alike, and in no order.
  if (!isAlike && !kinds.includes('text')) {
    if (frame.isLenient) return NEVER;
    throw shapeFault(
      'not_comparable',
      [...loc, 'by', 'attr'],
      `The attribute "${path}" is of the kind ${other.kind}, "${attribute.path}" of the kind ${attribute.kind}`,
      path,
    );
  }
  const side = ({ column, kind }: Attribute): string => {
    if (!isAlike) return `CAST(${column} AS VARCHAR)`;
    return kind === 'boolean' && attribute.kind !== other.kind ? `CAST(${column} AS INTEGER)` : column;
  };
  return { sql: `${side(attribute)} ${OPERATORS[where]} ${side(other)}`, values: [] };
}

function isIn(attribute: Attribute, { values, loc }: Test & { kind: 'in' }, { isLenient }: Frame): Clause {
  const bound = values.flatMap((value): Bound[] => {
    const one = bindOrNull(attribute, { kind: 'value', value }, { loc, isLenient });
    return one === null ? [] : [one];
  });
  if (bound.length === 0) return NEVER;
  return {
    sql: `(${bound.map(({ left, right }) => `${left} = ${right}`).join(' OR ')})`,
    values: bound.map(({ value }) => value),
  };
}

/** A text that holds another one, or a list that holds a value. */
function contains({ kind, items, column }: Attribute, { value, loc, attr }: Test & { kind: 'contains' }): Clause {
  if (kind === 'text') return { sql: `contains(${column}, CAST(? AS VARCHAR))`, values: [String(value)] };
  if (kind === 'list' && items !== null && items !== 'list' && items !== 'object') {
    const item: Attribute = { path: attr, kind: items, items: null, members: null, column };
    const { left, right, value: operand } = bind(item, { kind: 'value', value }, loc);
    const list = left === column ? column : `CAST(${column} AS DOUBLE[])`;
    return { sql: `list_contains(${list}, ${right})`, values: [operand] };
  }
  throw shapeFault(
    'not_searchable',
    [...loc, 'attr'],
    `The attribute "${attr}" is neither a text nor a list of plain values`,
    attr,
  );
}

interface Bound {
  readonly left: string;
  readonly right: string;
  readonly value: string | number;
}

/** As {@link bind}; null for an operand that is none, where that is not told. @throws ApiError 400 */
function bindOrNull(
  attribute: Attribute,
  operand: Operand & { kind: 'value' | 'when' },
  { loc, isLenient }: { readonly loc: Loc; readonly isLenient: boolean },
): Bound | null {
  try {
    return bind(attribute, operand, loc);
  } catch (error) {
    if (isLenient) return null;
    throw error;
  }
}

/** Reads an operand as what it is compared with. @throws ApiError 400 */
function bind(attribute: Attribute, operand: Operand & { kind: 'value' | 'when' }, loc: Loc): Bound {
  const { kind, column, path } = attribute;
  const given = operand.kind === 'when' ? operand.when : memberOf(attribute, operand.value);
  const refuse = (): Error => {
    const at = [...loc, 'by', operand.kind];
    return shapeFault('not_comparable', at, `The attribute "${path}" is of the kind ${kind}, which this is not`, given);
  };
  if (kind === 'text') return { left: column, right: 'CAST(? AS VARCHAR)', value: String(given) };
  if (NUMERIC.has(kind)) return bindNumber(attribute, operand.kind === 'when' ? null : given, refuse);
  if (kind === 'time') {
    const time = readTime(given);
    if (time === null) throw refuse();
    return { left: column, right: 'CAST(? AS TIME)', value: time };
  }
  const day = kind === 'date' ? readDate(given) : null;
  if (day !== null) return { left: column, right: 'CAST(? AS DATE)', value: day };
  const moment = readDateTime(given, false);
  if (moment === null) throw refuse();
  return { left: column, right: 'CAST(? AS TIMESTAMP)', value: moment };
}

function bindNumber({ kind, column }: Attribute, given: string | number | null, refuse: () => Error): Bound {
  if (given === null) throw refuse();
  const text =
    kind === 'boolean'
      ? String(given)
          .replace(/^true$/i, '1')
          .replace(/^false$/i, '0')
      : String(given);
  if (!NUMBER.test(text)) throw refuse();
  const left = kind === 'boolean' ? `CAST(${column} AS INTEGER)` : column;
  // Whole numbers are compared to the last digit; a fraction is never rounded to a whole number.
  if (WHOLE.test(text)) return { left, right: 'CAST(? AS BIGINT)', value: text.trim().replace('+', '') };
  if (!Number.isFinite(Number(text))) throw refuse();
  return { left: `CAST(${left} AS DOUBLE)`, right: 'CAST(? AS DOUBLE)', value: text.trim() };
}

/** A member of an enumeration may be given by its name or by its value. */
function memberOf({ members }: Attribute, value: string | number): string | number {
  if (members === null || Object.values(members).some((one) => String(one) === String(value))) return value;
  return Object.hasOwn(members, String(value)) ? (members[String(value)] as string | number) : value;
}

function isComparable({ kind }: Attribute): boolean {
  return kind !== 'list' && kind !== 'object';
}

function incomparable({ path, kind }: Attribute, loc: Loc): Error {
  return shapeFault(
    'not_comparable',
    loc,
    `The attribute "${path}" is of the kind ${kind}, which is not compared`,
    path,
  );
}
