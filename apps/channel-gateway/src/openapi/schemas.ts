import { type Schema } from '../records/fields.js';
import { NESTED } from '../records/fields.js';
import { positionsOf } from '../records/schemas.js';
import { type RecordType } from '../records/record-type.js';

/** A JSON object of a document. */
export type Json = Readonly<Record<string, unknown>>;

/** The schemas of record types as components of a document, each under a name of its own. */
export class RecordSchemas {
  private readonly names = new Map<RecordType, string>();
  private readonly built = new Map<string, Json>();

  /** Components by name, sorted. */
  get components(): Record<string, Json> {
    return Object.fromEntries([...this.built].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** Reference to what clients send. */
  input(type: RecordType): Json {
    return this.reference(type, 'Input');
  }

  /** Reference to what they get. */
  output(type: RecordType): Json {
    return this.reference(type, 'Output');
  }

  /** A list of records. */
  outputList(type: RecordType, title: string): Json {
    return { type: 'array', title, items: this.output(type) };
  }

  private reference(type: RecordType, side: 'Input' | 'Output'): Json {
    const name = `${this.nameOf(type)}-${side}`;
    if (!this.built.has(name)) {
      this.built.set(name, {});
      this.built.set(name, this.describe(type, side));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  private describe(type: RecordType, side: 'Input' | 'Output'): Json {
    const fields = Object.entries(type.fields).map(([name, schema]) => [name, this.field(schema, side, name)] as const);
    const properties = {
      id: { type: 'string', title: 'Id' },
      timestamp: { type: 'string', format: 'date-time', title: 'Timestamp' },
      ...Object.fromEntries(fields),
    };
    const { description, required = [] } = type.options;
    return {
      type: 'object',
      title: type.name,
      ...(description === undefined ? {} : { description }),
      properties,
      ...(side === 'Input' && required.length > 0 ? { required } : {}),
      additionalProperties: false,
    };
  }

  /** A field without a default may also be null. */
  private field(schema: Schema, side: 'Input' | 'Output', name: string): Json {
    const plain = { ...this.plain(schema, side), title: titleOf(name) };
    return 'default' in schema || schema[NESTED] !== undefined
      ? plain
      : { anyOf: [plain, { type: 'null' }], title: titleOf(name) };
  }

  private plain(schema: Schema, side: 'Input' | 'Output'): Json {
    const nested = schema[NESTED];
    if (nested !== undefined) return this.reference(nested, side);
    const entries = Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
      if (keyword.startsWith('x-') || keyword.startsWith('~')) return [];
      if (keyword === 'required') return this.required(schema, side);
      if (keyword === 'additionalItems') return [];
      if (keyword === 'items') return this.items(schema, side);
      if (keyword === 'anyOf') return [[keyword, (value as readonly Schema[]).map((one) => this.plain(one, side))]];
      if (keyword === 'properties') {
        const inner = Object.entries(value as Record<string, Schema>).map(([name, one]) => [
          name,
          this.plain(one, side),
        ]);
        return [[keyword, Object.fromEntries(inner)]];
      }
      if (keyword === 'patternProperties') {
        return [
          ['additionalProperties', this.plain(Object.values(value as Record<string, Schema>)[0] as Schema, side)],
        ];
      }
      return [[keyword, value]];
    });
    return Object.fromEntries(entries);
  }

  /** Of an input: what has a default need not be there. */
  private required({ required = [], properties = {} }: Schema, side: 'Input' | 'Output'): [string, unknown][] {
    const names = required.filter((name) => !('default' in (properties[name] ?? {})));
    return side === 'Input' && names.length > 0 ? [['required', names]] : [];
  }

  private items(schema: Schema, side: 'Input' | 'Output'): [string, unknown][] {
    const positions = positionsOf(schema);
    if (positions === null) return [['items', this.plain(schema.items as Schema, side)]];
    const { additionalItems = true } = schema;
    return [
      ['prefixItems', positions.map((one) => this.plain(one, side))],
      ['items', additionalItems],
    ];
  }

  /** Two types of one name are told apart by a number. */
  private nameOf(type: RecordType): string {
    const known = this.names.get(type);
    if (known !== undefined) return known;
    const taken = [...this.names.values()].filter((name) => name.replace(/\d+$/, '') === type.name).length;
    const name = taken === 0 ? type.name : `${type.name}${taken + 1}`;
    this.names.set(type, name);
    return name;
  }
}

function titleOf(name: string): string {
  return name
    .split('_')
    .filter((part) => part !== '')
    .map((part) => part[0]?.toUpperCase() + part.slice(1))
    .join(' ');
}
