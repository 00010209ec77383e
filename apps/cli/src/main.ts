import { readConfig } from './config.js';
import { ExitCode } from './exit.js';
import { runCli } from './program.js';

const ending = new AbortController();

/** The first signal asks to finish what is under way, the second ends at once. */
function onSignal(signal: NodeJS.Signals): void {
  if (ending.signal.aborted) process.exit(signal === 'SIGTERM' ? ExitCode.TERMINATED : ExitCode.INTERRUPTED);
  ending.abort(signal);
}
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
process.on('SIGHUP', onSignal);

// The reader of a pipe may go when it has seen enough (`| head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? ExitCode.OK : ExitCode.FAILED);
});
process.stderr.on('error', () => undefined);

const { stdin, stdout, stderr } = process;
const host = { stdin, stdout, stderr, config: readConfig(), signal: ending.signal };
process.exitCode = await runCli(process.argv.slice(2), host);
// Standard input may still be open, as a pipe whose writer lives on.
stdin.destroy();
