import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { LIST_COST, LIST_FIELDS, MAX_ALIASES, MAX_COST, MAX_DEPTH } from './limits.js';

/** What a set of fields adds up to, its fragments included. */
interface Weight {
  readonly depth: number;
  readonly cost: number;
  readonly aliases: number;
}

const NOTHING: Weight = { depth: 0, cost: 0, aliases: 0 };

/** @throws GraphQLError naming the limit that the document passes */
export function assertLimits(document: DocumentNode): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  const weigh = new Weighing(fragments);
  for (const node of document.definitions) {
    if (node.kind === Kind.OPERATION_DEFINITION) assertWeight(weigh.set(node.selectionSet));
  }
}

function assertWeight({ depth, cost, aliases }: Weight): void {
  if (depth > MAX_DEPTH) throw refused(`is ${depth} fields deep`, MAX_DEPTH);
  if (aliases > MAX_ALIASES) throw refused(`has ${aliases} aliases`, MAX_ALIASES);
  if (cost > MAX_COST) throw refused(`costs ${cost}`, MAX_COST);
}

function refused(what: string, limit: number): GraphQLError {
  return new GraphQLError(`The operation ${what}; the limit is ${limit}`, {
    extensions: { code: 'INVALID_PARAMETER' },
  });
}

/** Weighs each fragment once, however often it is used; those that hold themselves are left to the rules of the specification. */
class Weighing {
  private readonly known = new Map<string, Weight>();

  constructor(private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>) {}

  set({ selections }: SelectionSetNode): Weight {
    let total = NOTHING;
    for (const selection of selections) total = add(total, this.one(selection));
    return total;
  }

  private one(selection: SelectionNode): Weight {
    if (selection.kind === Kind.INLINE_FRAGMENT) return this.set(selection.selectionSet);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return this.fragment(selection.name.value);
    const inner = selection.selectionSet === undefined ? NOTHING : this.set(selection.selectionSet);
    const factor = LIST_FIELDS.has(selection.name.value) ? LIST_COST : 1;
    return {
      depth: inner.depth + 1,
      cost: factor * (inner.cost + 1),
      aliases: inner.aliases + (selection.alias === undefined ? 0 : 1),
    };
  }

  private fragment(name: string): Weight {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const fragment = this.fragments.get(name);
    if (fragment === undefined) return NOTHING;
    this.known.set(name, NOTHING);
    const weight = this.set(fragment.selectionSet);
    this.known.set(name, weight);
    return weight;
  }
}

function add(a: Weight, b: Weight): Weight {
  return { depth: Math.max(a.depth, b.depth), cost: a.cost + b.cost, aliases: a.aliases + b.aliases };
}
