import { Args, Context, Int, Query, Resolver } from '@nestjs/graphql';
import { Entities, MAX_META_BYTES, parseMeta } from '@sluice/catalog';
import { SluiceError, isRight } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';
import { nameTest } from '../graphql/match.js';
import { OperationContext } from '../graphql/operation-context.js';
import { DEFAULT_PAGE, pageOf } from '../graphql/page.js';
import { fits } from '../streams/payload-forms.js';
import { EntityPageType, type EntityType } from './entity.types.js';

/** Things whose descriptions are read together: one has 64 KiB at most. */
const DESCRIBED_AT_A_TIME = 50;

/** Things of kinds that this service need not know: their owners register them in the catalogue. */
@Resolver()
export class EntitiesResolver {
  constructor(private readonly entities: Entities) {}

  @Query(() => [String], { description: 'Kinds of things that other services have registered.' })
  async kinds(@Context() { identity }: OperationContext): Promise<string[]> {
    return (await this.entities.kinds()).filter((kind) => mayRead(identity, kind));
  }

  @Query(() => EntityPageType, { description: 'Things of one kind, page by page.' })
  async entityPage(
    @Args('kind', { type: () => String }) kind: string,
    @Args('first', { type: () => Int, defaultValue: DEFAULT_PAGE }) first: number,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Args('match', { type: () => String, nullable: true }) match: string | null,
    @Context() context: OperationContext,
  ): Promise<EntityPageType> {
    const { identity } = context;
    if (!mayRead(identity, kind)) {
      throw new SluiceError(
        'FORBIDDEN',
        `the credential does not allow to read things of kind ${JSON.stringify(kind)}`,
      );
    }
    const isMatch = nameTest(match);
    const all = (await this.entities.names(kind)).filter((name) => isMatch(name) && mayRead(identity, kind, name));
    const { names, cursor, total } = pageOf(all, first, after ?? null);
    const nodes: EntityType[] = [];
    for (let at = 0; at < names.length; at += DESCRIBED_AT_A_TIME) {
      nodes.push(...(await this.describe(kind, names.slice(at, at + DESCRIBED_AT_A_TIME), context)));
    }
    return { nodes, cursor, total };
  }

  private async describe(kind: string, names: readonly string[], context: OperationContext): Promise<EntityType[]> {
    const giveBack = await context.share.borrow(names.length * MAX_META_BYTES);
    const described = await this.entities.describeAsJson(kind, names);
    const nodes = names.map((name, at) => {
      const json = described[at] ?? null;
      const isShown = json !== null && fits(2 * json.length, `${kind} ${name} description`, context);
      return { kind, name, description: (isShown ? parseMeta(json) : null) ?? {} };
    });
    giveBack();
    return nodes;
  }
}

/** Kinds with a right of their own ask for it; others for admin. */
function mayRead(identity: Identity, kind: string, name?: string): boolean {
  const right = `${kind}:read`;
  return isRight(right) ? identity.allows(right, name) : identity.allows('admin');
}
