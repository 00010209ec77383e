import { type GraphQLResolveInfo } from 'graphql';
import { inSlices } from '../answers/in-slices.js';
import { askedFields } from '../graphql/asked-fields.js';
import { type OperationContext } from '../graphql/operation-context.js';
import { type DeviceType } from './device.type.js';

const OF_FACTS = ['meta', 'revision', 'connected', 'lastSeen'];

/** Devices as members of a list, with what is asked of them. @throws as `inSlices` */
export function listDevices(
  devices: readonly DeviceType[],
  context: OperationContext,
  info: GraphQLResolveInfo,
): Promise<Promise<DeviceType>[]> {
  const asked = askedFields(info);
  const wantsFacts = OF_FACTS.some((field) => asked.names.has(field));
  const read = async (some: readonly DeviceType[]): Promise<() => void> => {
    if (!wantsFacts) return () => undefined;
    const known = await Promise.all(some.map(({ id }) => context.devices.load(id)));
    for (const [at, device] of some.entries()) device.known = known[at] ?? null;
    return () => {
      // What was read of these is in the answer now.
      for (const device of some) {
        device.known = null;
        context.devices.clear(device.id);
      }
    };
  };
  return inSlices(devices, asked, context, { size: 'small', read });
}
