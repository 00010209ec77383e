import { CommanderError } from 'commander';
import { SluiceError, type ErrorCode } from '@sluice/contracts';

/** What the process tells its caller. */
export const ExitCode = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  NO_CONNECTION: 3,
  REFUSED: 4,
  INTERRUPTED: 130,
  TERMINATED: 143,
} as const;

/** The table of exit codes as `--help` prints it. */
export const EXIT_CODE_HELP = `Exit codes:
  0    done
  1    failed (also: a push whose outcome is unknown)
  2    the command line was wrong
  3    no connection to the server
  4    the server refused
  130  interrupted with Ctrl-C (what was under way has been finished first)
  143  ended by SIGTERM (likewise)`;

/** The command line was wrong in a way that only the command itself can see. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Failures that are nobody's refusal: the server, or the way to it, broke. */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  'INTERNAL',
  'OUTCOME_UNKNOWN',
  'PARTIAL_APPEND',
  'DURABILITY_NOT_MET',
]);

/** The exit code that an error ends the process with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return ExitCode.USAGE;
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  if (!(error instanceof SluiceError)) return ExitCode.FAILED;
  if (error.code === 'SERVICE_UNAVAILABLE' || error.code === 'SHUTTING_DOWN') return ExitCode.NO_CONNECTION;
  return FAILURES.has(error.code) ? ExitCode.FAILED : ExitCode.REFUSED;
}

/** One line (or a few) that says what went wrong, and where it helps what to do. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `sluice: ${String(error)}`;
  if (!(error instanceof SluiceError)) return `sluice: ${error.message}`;
  return `sluice: ${error.message} [${error.code}]${hintFor(error)}`;
}

function hintFor({ code, message }: SluiceError): string {
  if (code === 'SERVICE_UNAVAILABLE' && message.includes('cannot')) {
    return '\n  Is Sluice running? Start it with "npm start", or name another with --url or SLUICE_URL.';
  }
  return code === 'UNAUTHENTICATED'
    ? '\n  "sluice login" asks for a name and a password; SLUICE_TOKEN takes a token or API key.'
    : '';
}
