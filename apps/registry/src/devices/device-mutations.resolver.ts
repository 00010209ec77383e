import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { Devices, deviceName } from '@sluice/catalog';
import { readMeta } from '../graphql/meta-input.js';
import { oneOf } from '../graphql/one-of.js';
import { OperationContext } from '../graphql/operation-context.js';
import { assertMayWriteDevice } from '../graphql/permitted.js';
import { JsonScalar } from '../graphql/scalars.js';

const DEVICE_ID = { type: () => String, nullable: true } as const;
const ID = { type: () => String, nullable: true, description: 'As `deviceId`.' } as const;
const REVISION = {
  type: () => String,
  nullable: true,
  description: 'Refuse when the metadata has another revision by now.',
} as const;

/** Changes of devices: presence by name, and metadata. */
@Resolver()
export class DeviceMutationsResolver {
  constructor(private readonly devices: Devices) {}

  @Mutation(() => JsonScalar, { description: 'Connects a device until it is disconnected, and replaces its metadata.' })
  async connectDevice(
    @Args('deviceId', DEVICE_ID) deviceId: string | null,
    @Args('id', ID) id: string | null,
    @Args('meta', { type: () => JsonScalar }) meta: unknown,
    @Args('expectedRevision', REVISION) expectedRevision: string | null,
    @Context() { identity }: OperationContext,
  ): Promise<unknown> {
    const device = deviceName(oneOf({ deviceId, id }));
    assertMayWriteDevice(identity, device);
    const change = { expectedRevision: expectedRevision ?? undefined };
    const { isChanged, isNew, firesConnected, firesMeta } = await this.devices.connect(device, readMeta(meta), change);
    return {
      connection_status_changed: isChanged,
      connected: true,
      is_new_device: isNew,
      meta_set: true,
      'fired:device.connected': firesConnected,
      'fired:device.meta': firesMeta,
    };
  }

  @Mutation(() => JsonScalar, { description: 'Replaces the metadata of a device, or merges into it with `update`.' })
  async updateDeviceMeta(
    @Args('deviceId', DEVICE_ID) deviceId: string | null,
    @Args('id', ID) id: string | null,
    @Args('meta', { type: () => JsonScalar }) meta: unknown,
    @Args('update', { type: () => Boolean, defaultValue: false }) merges: boolean,
    @Args('expectedRevision', REVISION) expectedRevision: string | null,
    @Context() { identity }: OperationContext,
  ): Promise<unknown> {
    const device = deviceName(oneOf({ deviceId, id }));
    assertMayWriteDevice(identity, device);
    const change = { merges, expectedRevision: expectedRevision ?? undefined };
    const { firesMeta } = await this.devices.updateMeta(device, readMeta(meta), change);
    return { meta_set: true, 'fired:device.meta': firesMeta };
  }

  @Mutation(() => JsonScalar, { description: 'Disconnects a device, until it pushes or is connected again.' })
  async disconnectDevice(
    @Args('deviceId', DEVICE_ID) deviceId: string | null,
    @Args('id', ID) id: string | null,
    @Context() { identity }: OperationContext,
  ): Promise<unknown> {
    const device = deviceName(oneOf({ deviceId, id }));
    assertMayWriteDevice(identity, device);
    const { isChanged, firesConnected } = await this.devices.disconnect(device);
    return { connection_status_changed: isChanged, connected: false, 'fired:device.connected': firesConnected };
  }
}
