import { Args, Context, Info, Int, Query, Resolver } from '@nestjs/graphql';
import { Devices, deviceName } from '@sluice/catalog';
import { SluiceError } from '@sluice/contracts';
import { type GraphQLResolveInfo } from 'graphql';
import { nameTest } from '../graphql/match.js';
import { OperationContext } from '../graphql/operation-context.js';
import { DEFAULT_PAGE, pageOf } from '../graphql/page.js';
import { mayNotReadDevice, mayReadDevice } from '../graphql/permitted.js';
import { MetaFilterType } from '../search/meta-filter.type.js';
import { MetaIndex } from '../search/meta-index.js';
import { DevicePageType } from './device-page.type.js';
import { DeviceType } from './device.type.js';
import { listDevices } from './list-devices.js';

const MAX_IDS = 10_000;
const MAX_CONDITIONS = 20;

/** Queries for devices. */
@Resolver()
export class DevicesResolver {
  constructor(
    private readonly catalogue: Devices,
    private readonly index: MetaIndex,
  ) {}

  @Query(() => [DeviceType], { description: 'Connected devices, all ever seen, or those named.' })
  async devices(
    @Args('ids', { type: () => [String], nullable: true, defaultValue: null }) ids: string[] | null,
    @Args('includeAll', { type: () => Boolean, defaultValue: false }) includeAll: boolean,
    @Args('include_all', { type: () => Boolean, nullable: true, description: 'As `includeAll`.' })
    alsoIncludeAll: boolean | null,
    @Context() context: OperationContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Promise<DeviceType>[]> {
    if (ids !== null && ids !== undefined) {
      const named = await Promise.all(namedDevices(ids).map((id) => this.device(id, context)));
      return listDevices(named, context, info);
    }
    const names = await this.catalogue.list({ includeAll: includeAll || alsoIncludeAll === true });
    const visible = await this.visible(names, context);
    const listed = visible.map((id) => new DeviceType(id, context));
    return listDevices(listed, context, info);
  }

  @Query(() => DeviceType, { description: 'One device, whether it was ever seen or not.' })
  async device(
    @Args('id', { type: () => String, defaultValue: 'default' }) id: string,
    @Context() context: OperationContext,
  ): Promise<DeviceType> {
    const name = deviceName(id);
    const [isVisible] = await this.visible([name], context);
    if (isVisible === undefined) throw mayNotReadDevice(name);
    return new DeviceType(name, context);
  }

  @Query(() => DevicePageType, { description: 'Devices page by page, also by what is in their metadata.' })
  async devicePage(
    @Args('first', { type: () => Int, defaultValue: DEFAULT_PAGE }) first: number,
    @Args('after', { type: () => String, nullable: true }) after: string | null,
    @Args('match', { type: () => String, nullable: true }) match: string | null,
    @Args('includeAll', { type: () => Boolean, defaultValue: false }) includeAll: boolean,
    @Args('where', { type: () => [MetaFilterType], nullable: true }) where: MetaFilterType[] | null,
    @Context() context: OperationContext,
  ): Promise<DevicePageType> {
    const listed = await this.visible(await this.catalogue.list({ includeAll }), context);
    const isMatch = nameTest(match);
    const fitting = await this.fitting(where ?? [], context);
    const found = listed.filter((name) => isMatch(name) && fitting(name));
    const { names, cursor, total } = pageOf(found, first, after ?? null);
    return new DevicePageType(
      names.map((name) => new DeviceType(name, context)),
      cursor,
      total,
    );
  }

  private async fitting(
    where: readonly MetaFilterType[],
    context: OperationContext,
  ): Promise<(name: string) => boolean> {
    if (where.length === 0) return () => true;
    if (where.length > MAX_CONDITIONS) {
      throw new SluiceError('INVALID_PARAMETER', `where has ${where.length} parts, more than ${MAX_CONDITIONS}`);
    }
    const state = await this.index.level();
    if (!state.isComplete) context.tell('index', state);
    const found = new Set(this.index.find('device', where));
    return (name) => found.has(name);
  }

  /** Whoever may read everything is not asked name by name. */
  private async visible(names: readonly string[], { identity, names: streams }: OperationContext): Promise<string[]> {
    if (identity.allows('admin')) return [...names];
    const readable = await streams.all();
    return names.filter((name) => mayReadDevice(identity, name, readable));
  }
}

function namedDevices(ids: readonly string[]): readonly string[] {
  if (ids.length <= MAX_IDS) return ids;
  throw new SluiceError('INVALID_PARAMETER', `ids names ${ids.length} devices, more than ${MAX_IDS}`);
}
