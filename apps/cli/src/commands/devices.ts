import { type Command } from 'commander';
import { type DeviceInfo } from '@sluice/sdk';
import { formatCount, formatDuration, formatTable } from '../format.js';
import { type GlobalOptions, type Session } from '../session.js';
import { type Runner } from './action.js';

interface DeviceOptions {
  readonly connected?: boolean;
  readonly match?: string;
}

function row({ id, connected, lastSeen, streamIds }: DeviceInfo): string[] {
  const seen = lastSeen === null ? '-' : `${formatDuration(Math.max(0, Date.now() - Date.parse(lastSeen)))} ago`;
  return [id, connected ? 'yes' : 'no', seen, formatCount(streamIds.length)];
}

async function list(session: Session, { connected = false, match }: DeviceOptions): Promise<void> {
  const { sluice, output } = session;
  const rows: string[][] = [];
  const filter = { includeAll: !connected, ...(match === undefined ? {} : { match }) };
  for await (const device of sluice.devices.list(filter)) {
    if (output.isJson) await output.json(device);
    else rows.push(row(device));
  }
  if (output.isJson) return;
  if (rows.length === 0) return session.note(match === undefined ? 'no devices yet' : `no device fits "${match}"`);
  for (const line of formatTable(['device', 'connected', 'last seen', 'streams'], rows)) await output.line(line);
}

/** Adds `devices`. */
export function addDeviceCommands(program: Command, run: Runner): void {
  program
    .command('devices')
    .summary('list devices')
    .description(
      'List all devices that were ever seen: whether they are connected, when they were last seen, and their streams.',
    )
    .option('--connected', 'only those that are connected')
    .option('--match <glob>', 'only names that fit, such as "cam*"')
    .addHelpText('after', '\nExamples:\n  $ sluice devices\n  $ sluice devices --connected --json | jq -r .id')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DeviceOptions & GlobalOptions>();
      return run(options, (session) => list(session, options));
    });
}
