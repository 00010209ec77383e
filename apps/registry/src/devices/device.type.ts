import { ArgsType, Field, ObjectType } from '@nestjs/graphql';
import { type DeviceFacts } from '@sluice/catalog';
import { assertStreamKey } from '@sluice/wire';
import { type GraphQLResolveInfo } from 'graphql';
import { FieldArgs } from '../graphql/field-args.js';
import { NAME_BYTES } from '../answers/in-slices.js';
import { oneOf } from '../graphql/one-of.js';
import { type OperationContext } from '../graphql/operation-context.js';
import { assertMayRead } from '../graphql/permitted.js';
import { JsonScalar } from '../graphql/scalars.js';
import { fits } from '../streams/payload-forms.js';
import { listStreams } from '../streams/read-streams.js';
import { withValue, type Soon } from '../streams/soon.js';
import { StreamType } from '../streams/stream.type.js';

/** Whose streams are meant; the device's own unless another one is named. */
@ArgsType()
class OfDevice {
  @Field(() => String, { nullable: true })
  device_id?: string | null;
}

/** Which stream of a device. */
@ArgsType()
class StreamOfDevice {
  @Field(() => String, { nullable: true })
  streamId?: string | null;

  @Field(() => String, { nullable: true, description: 'As `streamId`.' })
  sid?: string | null;
}

/** One device. Fields are methods: what nobody asks for is not read. */
@ObjectType('Device', { description: 'A device: a named group of streams.' })
export class DeviceType {
  @Field(() => String)
  readonly id: string;

  /** What was read of it together with others; null: it is read when a field wants it. */
  known: DeviceFacts | null = null;

  constructor(
    id: string,
    private readonly context: OperationContext,
  ) {
    this.id = id;
  }

  @Field(() => JsonScalar)
  meta(): Soon<unknown> {
    return withValue(this.facts(), ({ meta }) => {
      return fits(2 * JSON.stringify(meta).length, `device ${this.id} meta`, this.context) ? meta : {};
    });
  }

  @Field(() => String, { description: 'Revision of `meta`, for `expectedRevision`.' })
  revision(): Soon<string> {
    return withValue(this.facts(), ({ revision }) => revision);
  }

  @Field(() => Boolean)
  connected(): Soon<boolean> {
    return withValue(this.facts(), ({ isConnected }) => isConnected);
  }

  @Field(() => String, {
    nullable: true,
    description: 'When it was last known to be there, ISO 8601 in UTC; null: never.',
  })
  lastSeen(): Soon<string | null> {
    return withValue(this.facts(), ({ seenAt }) => (seenAt === null ? null : new Date(seenAt).toISOString()));
  }

  @Field(() => [String], { description: 'Names of its streams, without the device; sorted.' })
  async streamIds(@FieldArgs(() => OfDevice) { device_id }: OfDevice): Promise<string[]> {
    const prefix = this.prefixOf(device_id);
    const { names, share } = this.context;
    const found = names.select(await names.existing(), { prefix, match: null });
    await share.take(found.length * NAME_BYTES);
    return found.map((name) => name.slice(prefix.length));
  }

  @Field(() => [String], { description: 'As `streamIds`.' })
  sids(@FieldArgs(() => OfDevice) args: OfDevice): Promise<string[]> {
    return this.streamIds(args);
  }

  @Field(() => [StreamType], { description: 'Its streams, those that only have metadata included.' })
  async streams(
    @FieldArgs(() => OfDevice) { device_id }: OfDevice,
    context: OperationContext,
    info: GraphQLResolveInfo,
  ): Promise<Promise<StreamType>[]> {
    const prefix = this.prefixOf(device_id);
    const { names } = context;
    const found = names.select(await names.all(), { prefix, match: null });
    const listed = found.map((name) => new StreamType(name, name.slice(prefix.length), context));
    return listStreams(listed, context, info);
  }

  @Field(() => StreamType, { description: 'One stream of it, whether it exists or not; its `id` keeps the device.' })
  stream(@FieldArgs(() => StreamOfDevice) { streamId, sid }: StreamOfDevice): StreamType {
    const key = `${this.id}:${oneOf({ streamId, sid })}`;
    assertStreamKey(key);
    assertMayRead(this.context.identity, key);
    return new StreamType(key, key, this.context);
  }

  private facts(): Soon<DeviceFacts> {
    return this.known ?? this.context.devices.load(this.id);
  }

  private prefixOf(device: string | null | undefined): string {
    return `${device ?? this.id}:`;
  }
}
