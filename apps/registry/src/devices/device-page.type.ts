import { Field, Int, ObjectType } from '@nestjs/graphql';
import { DeviceType } from './device.type.js';

/** One page of devices. */
@ObjectType('DevicePage', { description: 'One page of devices, by name.' })
export class DevicePageType {
  @Field(() => [DeviceType])
  nodes!: DeviceType[];

  @Field(() => String, { nullable: true, description: 'Give it as `after` for the next page; null after the last.' })
  cursor!: string | null;

  @Field(() => Int, { description: 'Devices on all pages.' })
  total!: number;
}
