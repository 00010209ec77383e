import { Field, ObjectType } from '@nestjs/graphql';
import { type DeviceEvent } from '@sluice/catalog';
import { JsonScalar } from '../graphql/scalars.js';

/** A change of a device. */
@ObjectType('DeviceEvent', { description: 'A change of a device.' })
export class DeviceEventType {
  @Field(() => String, { description: '`connected`, `disconnected` or `meta`.' })
  readonly type: string;

  @Field(() => String)
  readonly deviceId: string;

  @Field(() => JsonScalar, { description: 'Its metadata, as `connected` and `meta` tell it; else empty.' })
  readonly meta: unknown;

  @Field(() => Boolean, { description: 'Events before it were trimmed unread: look at the whole again.' })
  readonly hasMissed: boolean;

  @Field(() => String, { description: 'Give it as `since` to go on after this event.' })
  readonly position: string;

  constructor(
    { type, device, meta }: DeviceEvent,
    { hasMissed, position }: Pick<DeviceEventType, 'hasMissed' | 'position'>,
  ) {
    this.position = position;
    this.type = type;
    this.deviceId = device;
    this.meta = meta;
    this.hasMissed = hasMissed;
  }
}

/** A stream that appears or goes. */
@ObjectType('StreamEvent', { description: 'A stream that appears, or goes.' })
export class StreamEventType {
  @Field(() => String, { description: '`created` or `deleted`.' })
  readonly type: string;

  @Field(() => String, { description: 'Full name of the stream.' })
  readonly streamId: string;

  constructor(type: string, streamId: string) {
    this.type = type;
    this.streamId = streamId;
  }
}
