import { Args, Context, Info, Int, Query, Resolver } from '@nestjs/graphql';
import { SluiceError } from '@sluice/contracts';
import { assertStreamKey } from '@sluice/wire';
import { type GraphQLResolveInfo } from 'graphql';
import { NAME_BYTES } from '../answers/in-slices.js';
import { nameTest } from '../graphql/match.js';
import { oneOf } from '../graphql/one-of.js';
import { OperationContext } from '../graphql/operation-context.js';
import { DEFAULT_PAGE, pageOf } from '../graphql/page.js';
import { assertMayRead } from '../graphql/permitted.js';
import { MetaIndex } from '../search/meta-index.js';
import { MetaFilterType } from '../search/meta-filter.type.js';
import { listStreams } from './read-streams.js';
import { StreamPageType } from './stream-page.type.js';
import { StreamType } from './stream.type.js';

/** Names of one request. */
const MAX_IDS = 10_000;
const MAX_CONDITIONS = 20;

/** Queries for streams by their full names. */
@Resolver()
export class StreamsResolver {
  constructor(private readonly index: MetaIndex) {}

  @Query(() => [String], { description: 'Names of all streams, sorted.' })
  async streamIds(
    @Args('match', { type: () => String, nullable: true, defaultValue: null }) match: string | null,
    @Args('searchMeta', { type: () => Boolean, defaultValue: false }) searchMeta: boolean,
    @Args('prefix', { type: () => String, defaultValue: '' }) prefix: string,
    @Context() { names, share }: OperationContext,
  ): Promise<string[]> {
    const all = await (searchMeta ? names.all() : names.existing());
    const found = names.select(all, { prefix, match });
    await share.take(found.length * NAME_BYTES);
    return found.map((name) => name.slice(prefix.length));
  }

  @Query(() => [String], { description: 'As `streamIds`.' })
  sids(
    @Args('match', { type: () => String, nullable: true, defaultValue: null }) match: string | null,
    @Args('searchMeta', { type: () => Boolean, defaultValue: false }) searchMeta: boolean,
    @Args('prefix', { type: () => String, defaultValue: '' }) prefix: string,
    @Context() context: OperationContext,
  ): Promise<string[]> {
    return this.streamIds(match, searchMeta, prefix, context);
  }

  @Query(() => [StreamType], { description: 'Streams by name, or all, those that only have metadata included.' })
  async streams(
    @Args('ids', { type: () => [String], nullable: true, defaultValue: null }) ids: string[] | null,
    @Args('sids', { type: () => [String], nullable: true, description: 'As `ids`.' }) sids: string[] | null,
    @Args('match', { type: () => String, nullable: true, defaultValue: null }) match: string | null,
    @Args('prefix', { type: () => String, defaultValue: '' }) prefix: string,
    @Context() context: OperationContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Promise<StreamType>[]> {
    const wanted = oneOf({ ids, sids }, []);
    if (wanted.length > MAX_IDS) {
      throw new SluiceError('INVALID_PARAMETER', `ids names ${wanted.length} streams, more than ${MAX_IDS}`);
    }
    if (wanted.length > 0) {
      const isMatch = nameTest(match);
      for (const id of wanted) assertMayRead(context.identity, readableKey(prefix + id));
      const named = wanted.filter(isMatch).map((id) => new StreamType(prefix + id, id, context));
      return listStreams(named, context, info);
    }
    const all = context.names.select(await context.names.all(), { prefix, match });
    const listed = all.map((name) => new StreamType(name, name.slice(prefix.length), context));
    return listStreams(listed, context, info);
  }

  @Query(() => StreamType, { description: 'One stream by its full name, whether it exists or not.' })
  stream(@Args('id', { type: () => String }) id: string, @Context() context: OperationContext): StreamType {
    assertMayRead(context.identity, readableKey(id));
    return new StreamType(id, id, context);
  }

  @Query(() => StreamPageType, { description: 'Streams page by page, also by what is in their metadata.' })
  async streamPage(
    @Args('first', { type: () => Int, defaultValue: DEFAULT_PAGE }) first: number,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Args('match', { type: () => String, nullable: true }) match: string | null,
    @Args('prefix', { type: () => String, defaultValue: '' }) prefix: string,
    @Args('where', { type: () => [MetaFilterType], nullable: true }) where: MetaFilterType[] | null,
    @Context() context: OperationContext,
  ): Promise<StreamPageType> {
    const found = context.names.select(await this.search(where ?? [], context), { prefix, match: match ?? null });
    const { names, cursor, total } = pageOf(found, first, after ?? null);
    return new StreamPageType(
      names.map((name) => new StreamType(name, name, context)),
      cursor,
      total,
    );
  }

  private async search(where: readonly MetaFilterType[], { names }: OperationContext): Promise<readonly string[]> {
    if (where.length === 0) return names.all();
    if (where.length > MAX_CONDITIONS) {
      throw new SluiceError('INVALID_PARAMETER', `where has ${where.length} parts, more than ${MAX_CONDITIONS}`);
    }
    const visible = new Set(await names.withMeta());
    return this.index.find('stream', where).filter((name) => visible.has(name));
  }
}

/** @throws WireError INVALID_NAME for what can be no stream's name, and for keys of our own */
function readableKey(key: string): string {
  assertStreamKey(key);
  return key;
}
