import { setFlagsFromString } from 'node:v8';
import { ConfigError } from '../config/define-config.js';
import { type Service } from './create-service.js';
import { PortTakenError } from './doors.js';

/** The exit code for a bad configuration (EX_CONFIG of sysexits.h). */
const BAD_CONFIGURATION = 78;

/** A program: its settings as a table, and how it is put together. */
export interface Program {
  /** The settings as a Markdown table, printed by `--print-config`. */
  table(): string;
  create(): Promise<Service>;
  /** Whether an error that nobody caught is dealt with and the process goes on. Default: none is. */
  survives?(error: unknown): boolean;
}

/**
 * Runs a service until SIGTERM or SIGINT, then drains it and exits with 0; a second signal exits at once with 1.
 * A bad environment ends the process with 78 (another start would end the same way), a busy port with 1; both with one clear line.
 */
export async function runService(program: Program): Promise<void> {
  if (process.argv.includes('--print-config')) {
    process.stdout.write(`${program.table()}\n`);
    return;
  }
  countBuffersInHeapLimit();
  let service: Service | null = null;
  try {
    endOnErrors(program, () => service);
    service = await program.create();
    stopOnSignals(service);
    await service.listen();
  } catch (error) {
    process.stderr.write(`${startFailure(error, service)}\n`);
    await service?.close();
    process.exit(error instanceof ConfigError ? BAD_CONFIGURATION : 1);
  }
}

/**
 * Without this V8 collects the whole heap after each 64 MB of new buffers, which at gigabytes of payload a second is all it does.
 * With it, buffers count into the limit that grows with the heap. It can't be set through NODE_OPTIONS.
 */
function countBuffersInHeapLimit(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}

function stopOnSignals(service: Service): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    service.log.info({ signal }, 'stopping');
    void service.close().finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** @param started null while the service is put together: there is no log to tell it yet */
function endOnErrors(program: Program, started: () => Service | null): void {
  process.on('uncaughtException', (error) => {
    if (program.survives?.(error) === true) return;
    const service = started();
    if (service === null) process.stderr.write(`${startFailure(error, null)}\n`);
    else service.log.fatal({ err: error }, 'uncaught error, the process ends');
    process.exit(70);
  });
}

function startFailure(error: unknown, service: Service | null): string {
  if (error instanceof ConfigError) return error.problems.map((problem) => `Configuration: ${problem}`).join('\n');
  if (error instanceof PortTakenError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error && service !== null) {
    const variable = `SLUICE_${service.readiness.service.toUpperCase().replaceAll('-', '_')}_PORT`;
    return `Port ${String(error.port)} is taken by another process; ${variable} moves ${service.readiness.service} to another`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
