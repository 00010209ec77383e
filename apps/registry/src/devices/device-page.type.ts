import { Field, Int, ObjectType } from '@nestjs/graphql';
import { type GraphQLResolveInfo } from 'graphql';
import { type OperationContext } from '../graphql/operation-context.js';
import { DeviceType } from './device.type.js';
import { listDevices } from './list-devices.js';

/** One page of devices. */
@ObjectType('DevicePage', { description: 'One page of devices, by name.' })
export class DevicePageType {
  @Field(() => String, { nullable: true, description: 'Give it as `after` for the next page; null after the last.' })
  readonly cursor: string | null;

  @Field(() => Int, { description: 'Devices on all pages.' })
  readonly total: number;

  constructor(
    private readonly devices: readonly DeviceType[],
    cursor: string | null,
    total: number,
  ) {
    this.cursor = cursor;
    this.total = total;
  }

  @Field(() => [DeviceType])
  nodes(_args: object, context: OperationContext, info: GraphQLResolveInfo): Promise<Promise<DeviceType>[]> {
    return listDevices(this.devices, context, info);
  }
}
