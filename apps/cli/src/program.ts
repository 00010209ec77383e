import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAuditCommand } from './commands/audit.js';
import { addBenchCommand } from './commands/bench.js';
import { addDemoCommands } from './commands/demo.js';
import { addImageCommands } from './commands/images.js';
import { addKeyCommands } from './commands/key.js';
import { addLoginCommands } from './commands/login.js';
import { addPullCommands } from './commands/pull.js';
import { addPushCommands } from './commands/push.js';
import { addDeviceCommands } from './commands/devices.js';
import { addStreamCommands } from './commands/streams.js';
import { addUserCommands } from './commands/user.js';
import { type Runner } from './commands/action.js';
import { EXIT_CODE_HELP, ExitCode, describeError, exitCodeOf } from './exit.js';
import { type Host } from './host.js';
import { Session } from './session.js';

const ABOUT = `
Names: a stream is <device>:<name>; a name without a device belongs to the device "default" (or to that of --device).
Entries are bytes with an id (<milliseconds>-<number>); a position is an id to read after.

Try:
  $ sluice demo host &                     this machine's vitals, once a second
  $ sluice pull host:vitals                print them as they come
  $ sluice ls                              what streams there are
  $ vmstat 1 | sluice push vmstat --stdin  push anything that writes lines

Environment: SLUICE_URL and SLUICE_TOKEN stand in for --url and --token (a token on a command line can be seen by other
users of the machine: prefer "sluice login" or SLUICE_TOKEN); NO_COLOR switches colours off.

${EXIT_CODE_HELP}`;

function makeProgram(host: Host, run: Runner): Command {
  const { config } = host;
  const program = new Command('sluice')
    .description('Push and pull streams of a Sluice.')
    .version(readVersion(), '--version', 'print the version')
    .option('--url <url>', 'address of the Sluice (http, https, ws or wss)', config.url)
    .option('--token <token>', 'token or API key')
    .option('--device <name>', 'device of the streams named')
    .option('--json', 'write JSON lines, for programs')
    .option('--quiet', 'no progress and no remarks')
    .addHelpText('after', ABOUT)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      getOutHelpWidth: () => Math.min(host.stdout.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(host.stderr.columns ?? 100, 120),
      getOutHasColors: () => config.hasColor && host.stdout.isTTY === true,
      getErrHasColors: () => config.hasColor && host.stderr.isTTY === true,
    })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help tells more)');
  addPushCommands(program, run);
  addPullCommands(program, run);
  addImageCommands(program, run);
  addStreamCommands(program, run);
  addDeviceCommands(program, run);
  addBenchCommand(program, run);
  addDemoCommands(program, run);
  addLoginCommands(program, run);
  addUserCommands(program, run);
  addKeyCommands(program, run);
  addAuditCommand(program, run);
  return program;
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** The exit code of a run that a signal ended. */
function interruptedCode(signal: AbortSignal): number {
  return signal.reason === 'SIGTERM' ? ExitCode.TERMINATED : ExitCode.INTERRUPTED;
}

/** Runs one command line and resolves with the exit code; messages go to the host's standard error. */
export async function runCli(args: readonly string[], host: Host): Promise<number> {
  const run: Runner = async (options, body) => {
    const session = new Session(host, options);
    try {
      await body(session);
      await session.sluice.close();
    } finally {
      session.sluice.destroy();
    }
  };
  try {
    await makeProgram(host, run).parseAsync([...args], { from: 'user' });
    return host.signal.aborted ? interruptedCode(host.signal) : ExitCode.OK;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error);
    host.stderr.write(`${describeError(error)}\n`);
    return exitCodeOf(error);
  }
}
