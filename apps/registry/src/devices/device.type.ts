import { ArgsType, Field, ObjectType } from '@nestjs/graphql';
import { assertStreamKey } from '@sluice/wire';
import { FieldArgs } from '../graphql/field-args.js';
import { oneOf } from '../graphql/one-of.js';
import { type OperationContext } from '../graphql/operation-context.js';
import { assertMayRead } from '../graphql/permitted.js';
import { JsonScalar } from '../graphql/scalars.js';
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

  constructor(
    id: string,
    private readonly context: OperationContext,
  ) {
    this.id = id;
  }

  @Field(() => JsonScalar)
  async meta(): Promise<unknown> {
    return (await this.context.devices.load(this.id)).meta;
  }

  @Field(() => String, { description: 'Revision of `meta`, for `expectedRevision`.' })
  async revision(): Promise<string> {
    return (await this.context.devices.load(this.id)).revision;
  }

  @Field(() => Boolean)
  async connected(): Promise<boolean> {
    return (await this.context.devices.load(this.id)).isConnected;
  }

  @Field(() => String, {
    nullable: true,
    description: 'When it was last known to be there, ISO 8601 in UTC; null: never.',
  })
  async lastSeen(): Promise<string | null> {
    const { seenAt } = await this.context.devices.load(this.id);
    return seenAt === null ? null : new Date(seenAt).toISOString();
  }

  @Field(() => [String], { description: 'Names of its streams, without the device; sorted.' })
  async streamIds(@FieldArgs(() => OfDevice) { device_id }: OfDevice): Promise<string[]> {
    const prefix = this.prefixOf(device_id);
    const { names } = this.context;
    const found = names.select(await names.existing(), { prefix, match: null });
    return found.map((name) => name.slice(prefix.length));
  }

  @Field(() => [String], { description: 'As `streamIds`.' })
  sids(@FieldArgs(() => OfDevice) args: OfDevice): Promise<string[]> {
    return this.streamIds(args);
  }

  @Field(() => [StreamType], { description: 'Its streams, those that only have metadata included.' })
  async streams(@FieldArgs(() => OfDevice) { device_id }: OfDevice): Promise<StreamType[]> {
    const prefix = this.prefixOf(device_id);
    const { names } = this.context;
    const found = names.select(await names.all(), { prefix, match: null });
    return found.map((name) => new StreamType(name, name.slice(prefix.length), this.context));
  }

  @Field(() => StreamType, { description: 'One stream of it, whether it exists or not; its `id` keeps the device.' })
  stream(@FieldArgs(() => StreamOfDevice) { streamId, sid }: StreamOfDevice): StreamType {
    const key = `${this.id}:${oneOf({ streamId, sid })}`;
    assertStreamKey(key);
    assertMayRead(this.context.identity, key);
    return new StreamType(key, key, this.context);
  }

  private prefixOf(device: string | null | undefined): string {
    return `${device ?? this.id}:`;
  }
}
