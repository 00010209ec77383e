import { BuildError } from '../engine/build-error.js';
import { Controls } from '../records/controls.js';
import { type Application } from '../sdk/application.js';
import { channel } from '../sdk/channels.js';

/** Name of the channel on which controls are seen. */
export const CONTROLS_CHANNEL = 'controls';

/** What the controls of an application do is seen on a channel like any other. @throws BuildError when it has one of that name */
export function withControls(application: Application): Application {
  if (application.mounts.controls === undefined) return application;
  if (application.channels[CONTROLS_CHANNEL] !== undefined) {
    throw new BuildError(`channel "${CONTROLS_CHANNEL}": with mounts.controls it is where those are seen`);
  }
  const controls = channel(Controls, { sendable: true, description: 'What was asked of the controls, and answered.' });
  return { ...application, channels: { ...application.channels, [CONTROLS_CHANNEL]: controls } };
}
