import { type Command } from 'commander';
import { runDevice } from '../demo/device.js';
import { VitalsReader } from '../demo/vitals.js';
import { rateAboveZero } from './numbers.js';
import { type GlobalOptions } from '../session.js';
import { type Runner } from './action.js';
import { parseShape } from '../picture/shape.js';

interface DeviceOptions {
  readonly stream: string;
  readonly rate: number;
}

/** Adds `demo host` and `demo camera`. */
export function addDemoCommands(program: Command, run: Runner): void {
  const demo = program
    .command('demo')
    .summary('be a device that pushes live data')
    .description(
      'Devices for trying things out: they push until they are stopped, and wait for a server that is away.',
    );

  demo
    .command('host')
    .summary("push this machine's vitals")
    .description('Append CPU, memory, load and network of this machine as one JSON object, once a second.')
    .option('--stream <name>', 'name of the stream', 'host:vitals')
    .option('--rate <n>', 'readings a second', rateAboveZero, 1)
    .addHelpText('after', '\nExample:\n  $ sluice demo host &\n  $ sluice pull host:vitals')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DeviceOptions & GlobalOptions>();
      const vitals = new VitalsReader();
      const read = (): Uint8Array => Buffer.from(JSON.stringify(vitals.read()));
      return run({ ...options, quiet: true }, (session) =>
        runDevice(session, { stream: options.stream, perSecond: options.rate, read }),
      );
    });

  demo
    .command('camera')
    .summary('push a moving picture')
    .description('Append JPEG frames of a drawn, moving picture.')
    .option('--stream <name>', 'name of the stream', 'camera:video')
    .option('--rate <n>', 'frames a second', rateAboveZero, 10)
    .option('--shape <shape>', '[height,width,3]', '[240,320,3]')
    .addHelpText('after', '\nExample:\n  $ sluice demo camera &\n  $ sluice pull-image camera:video --latest')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DeviceOptions & { shape: string } & GlobalOptions>();
      const shape = parseShape(options.shape);
      const { encodePicture } = await import('../picture/encode.js');
      const read = (frame: number): Promise<Uint8Array> => encodePicture(shape, frame);
      return run({ ...options, quiet: true }, (session) =>
        runDevice(session, { stream: options.stream, perSecond: options.rate, read }),
      );
    });
}
