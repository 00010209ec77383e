import { Kind, type FragmentDefinitionNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

/** What is asked of the members of a list. */
export interface AskedFields {
  readonly names: ReadonlySet<string>;
  /** How many values one member gives, those within its members' members included. */
  readonly values: number;
}

const known = new WeakMap<SelectionSetNode, AskedFields>();

/** What a query asks of what a field gives, fragments included; what is left out by a directive counts too. */
export function askedFields({
  fieldNodes,
  fragments,
}: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>): AskedFields {
  const asked = fieldNodes.flatMap(({ selectionSet }) =>
    selectionSet === undefined ? [] : [read(selectionSet, fragments)],
  );
  const [first, ...others] = asked;
  if (first !== undefined && others.length === 0) return first;
  return {
    names: new Set(asked.flatMap(({ names }) => [...names])),
    values: asked.reduce((sum, { values }) => sum + values, 0),
  };
}

/** Kept with the document: a query that is asked again is not read again. */
function read(set: SelectionSetNode, fragments: Readonly<Record<string, FragmentDefinitionNode>>): AskedFields {
  const before = known.get(set);
  if (before !== undefined) return before;
  const names = new Set<string>();
  let values = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      names.add(selection.name.value);
      values += 1 + (selection.selectionSet === undefined ? 0 : read(selection.selectionSet, fragments).values);
      continue;
    }
    const inner =
      selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments[selection.name.value]?.selectionSet;
    if (inner === undefined) continue;
    const asked = read(inner, fragments);
    for (const name of asked.names) names.add(name);
    values += asked.values;
  }
  const asked = { names, values };
  known.set(set, asked);
  return asked;
}
