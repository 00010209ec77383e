import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

/** Bytes in base64, with the standard alphabet. */
export const Base64 = new GraphQLScalarType<string, string>({
  name: 'Base64',
  description: 'Bytes in base64, with the standard alphabet.',
  serialize: String,
  parseValue: String,
});

/** Text that is bytes in Redis. */
export const Utf8 = new GraphQLScalarType<string, string>({
  name: 'Utf8',
  description: 'Text that is kept as bytes in UTF-8.',
  serialize: String,
  parseValue: String,
});

/** Any JSON value. */
export const JsonScalar = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueOf(node, variables ?? {}),
});

function valueOf(node: ValueNode, variables: Readonly<Record<string, unknown>>): unknown {
  switch (node.kind) {
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    case Kind.LIST:
      return node.values.map((item) => valueOf(item, variables));
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, valueOf(value, variables)]));
    case Kind.VARIABLE:
      return variables[node.name.value];
    default:
      throw new GraphQLError('a JSON value has a part that is none');
  }
}
