import { Pace } from '../pace.js';
import { type Session } from '../session.js';

/** A device of the demonstration: what it pushes, and how often. */
export interface Device {
  readonly stream: string;
  readonly perSecond: number;
  read(index: number): Promise<Uint8Array> | Uint8Array;
}

/** Entries that may be on their way; while there is no connection, newer ones are left out. */
const MAX_UNSETTLED_SECONDS = 5;

/**
 * Pushes a device's entries until the session is asked to end; an absent server is waited for, for ever.
 * @throws SluiceError when the server refuses the device for good
 */
export async function runDevice(session: Session, device: Device): Promise<void> {
  // A refusal concerns entries that are old already: the next ones are pushed all the same.
  const pusher = session.sluice.pusher(device.stream, { onError: () => undefined });
  const pace = new Pace(device.perSecond, session.signal);
  for (let index = 0; !session.signal.aborted; index++) {
    if (pusher.inFlightCount < device.perSecond * MAX_UNSETTLED_SECONDS) await pusher.push(await device.read(index));
    await pace.next();
  }
  session.sluice.destroy();
}
