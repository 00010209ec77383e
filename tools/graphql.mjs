// Writes the types of what the SDK asks of the registry, from docs/schema.graphql and the SDK's operations.
//   npx node tools/graphql.mjs           write
//   npx node tools/graphql.mjs --check   fail when they are out of date
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Kind,
  buildSchema,
  isListType,
  isNonNullType,
  isInputObjectType,
  isObjectType,
  parse,
  print,
  typeFromAST,
  validate,
} from 'graphql';
import { format, resolveConfig } from 'prettier';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDER = join(ROOT, 'libs/sdk/src/registry');
const TARGET = join(FOLDER, 'operations.ts');

const schema = buildSchema(readFileSync(join(ROOT, 'docs/schema.graphql'), 'utf8'));
const operations = parse(readFileSync(join(FOLDER, 'operations.graphql'), 'utf8'));
const mistakes = validate(schema, operations);
if (mistakes.length > 0) throw new Error(mistakes.map(String).join('\n\n'));

const fragments = new Map(
  operations.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).map((node) => [node.name.value, node]),
);
/** Input types in use, by name. */
const inputs = new Map();

const SCALARS = { Boolean: 'boolean', Int: 'number', Float: 'number' };

/** The TypeScript type of a GraphQL type that is not null; `inner` gives that of objects. Metadata is always a JSON object. */
function nonNull(type, name, inner) {
  if (isListType(type)) return `readonly (${whole(type.ofType, name, inner)})[]`;
  if (isInputObjectType(type)) {
    inputs.set(type.name, type);
    return type.name;
  }
  if (isObjectType(type)) return inner(type);
  if (type.name === 'JSON') return name === 'meta' ? 'JsonObject' : 'unknown';
  return SCALARS[type.name] ?? 'string';
}

/** The TypeScript type of a GraphQL type. */
function whole(type, name, inner) {
  if (isNonNullType(type)) return nonNull(type.ofType, name, inner);
  const text = nonNull(type, name, inner);
  return text === 'unknown' ? text : `${text} | null`;
}

function comment(description) {
  return description ? `/** ${description.replaceAll(/\s+/g, ' ').trim()} */\n` : '';
}

/** Members of an object type, as they are selected. */
function selected({ selections }, type) {
  const [only] = selections;
  if (selections.length === 1 && only.kind === Kind.FRAGMENT_SPREAD) return only.name.value;
  return `{ ${selections.map((node) => member(node, type)).join('\n')} }`;
}

function member(node, type) {
  if (node.kind !== Kind.FIELD) throw new Error(`${node.kind} among fields: not known here`);
  const field = type.getFields()[node.name.value];
  const name = (node.alias ?? node.name).value;
  const inner = (object) => selected(node.selectionSet, object);
  return `${comment(field.description)}readonly ${name}: ${whole(field.type, node.name.value, inner)};`;
}

function fragmentText(node) {
  const type = schema.getType(node.typeCondition.name.value);
  return `${comment(type.description)}export interface ${node.name.value} ${selected(node.selectionSet, type)}`;
}

function variableText({ variable, type }) {
  const known = typeFromAST(schema, type);
  const optional = isNonNullType(known) ? '' : '?';
  const rest = isNonNullType(known) ? '' : ' | undefined';
  return `readonly ${variable.name.value}${optional}: ${whole(known, variable.name.value)}${rest};`;
}

/** Names of the fragments that a text needs. */
function spreadsOf(node) {
  return [...print(node).matchAll(/\.\.\.(\w+)/g)].map(([, name]) => name);
}

function operationText(node) {
  const name = node.name.value;
  const root = schema.getRootType(node.operation);
  const text = [node, ...new Set(spreadsOf(node))].map((part) =>
    print(typeof part === 'string' ? fragments.get(part) : part),
  );
  const constant = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
  return [
    `interface ${name}Variables { ${(node.variableDefinitions ?? []).map(variableText).join('\n')} }`,
    `interface ${name}Data ${selected(node.selectionSet, root)}`,
    `export const ${constant}: Operation<${name}Variables, ${name}Data> = {`,
    `  kind: '${node.operation}', text: \`${text.join('\n')}\` };`,
  ].join('\n');
}

function inputText(type) {
  const members = Object.values(type.getFields()).map(({ name, type: given, description }) => {
    const isNeeded = isNonNullType(given);
    return `${comment(description)}readonly ${name}${isNeeded ? '' : '?'}: ${whole(given, name)}${isNeeded ? '' : ' | undefined'};`;
  });
  return `${comment(type.description)}export interface ${type.name} { ${members.join('\n')} }`;
}

const operationTexts = operations.definitions
  .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
  .map((node) => operationText(node));
const parts = [
  '// Written by tools/graphql.mjs from docs/schema.graphql and operations.graphql.',
  "import { type JsonObject, type Operation } from './operation.js';",
  ...[...inputs.values()].map((type) => inputText(type)),
  ...[...fragments.values()].map((node) => fragmentText(node)),
  ...operationTexts,
];
const options = { ...(await resolveConfig(TARGET)), filepath: TARGET };
const written = await format(parts.join('\n\n'), options);

if (!process.argv.includes('--check')) writeFileSync(TARGET, written);
else if (readFileSync(TARGET, 'utf8') !== written) {
  process.stderr.write('libs/sdk/src/registry/operations.ts is out of date: npx node tools/graphql.mjs\n');
  process.exitCode = 1;
}
