import { SluiceError } from '@sluice/contracts';
import { type Identity } from '@sluice/service-kit';
import { type Channel } from '../engine/catalogue.js';

type ChannelRight = 'channel:read' | 'channel:write';

/** Whether a right holds for a channel, or for one key of it: by the channel's name, or by `channel/key`. */
export function isAllowed(
  identity: Identity,
  right: ChannelRight,
  { name, keys }: Channel,
  key: string | null = null,
): boolean {
  if (identity.allows(right, name)) return true;
  if (key !== null) return identity.allows(right, `${name}/${key}`);
  // The whole of a basket is all of its keys.
  return keys !== null && keys.size > 0 && [...keys.keys()].every((one) => identity.allows(right, `${name}/${one}`));
}

/** @throws SluiceError FORBIDDEN */
export function assertAllowed(
  identity: Identity,
  right: ChannelRight,
  channel: Channel,
  key: string | null = null,
): void {
  if (isAllowed(identity, right, channel, key)) return;
  const what = key === null ? channel.name : `${channel.name}/${key}`;
  throw new SluiceError('FORBIDDEN', `The credential does not allow ${right} for the channel "${what}"`);
}

/** Whether anything of the channel may be read: itself, or one of its keys. */
export function isVisible(identity: Identity, right: ChannelRight, channel: Channel): boolean {
  if (isAllowed(identity, right, channel)) return true;
  return [...(channel.keys?.keys() ?? [])].some((key) => isAllowed(identity, right, channel, key));
}
