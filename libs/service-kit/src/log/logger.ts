import { type LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, destination, pino } from 'pino';
import { loggedError } from './logged-error.js';

/** JSON lines to standard output, each with the name of the service. */
export function createLogger(options: { service: string; level: string; to?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: loggedError },
    },
    // Few lines are ever written, and the last one before an exit must not be lost.
    options.to ?? destination({ dest: 1, sync: true }),
  );
}

/** Nest's own lines, in the same log: its start-up chatter as debug. */
export class NestLog implements LoggerService {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  log(message: unknown, context?: string): void {
    this.#log.debug({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.#log.warn({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.#log.error({ context, stack }, message instanceof Error ? message.message : String(message));
  }

  fatal(message: unknown, context?: string): void {
    this.#log.fatal({ context }, String(message));
  }
}
