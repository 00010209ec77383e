import { describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/contracts';
import { createLogger } from './logger.js';

function logged(error: unknown): string {
  const lines: string[] = [];
  const log = createLogger({ service: 'test', level: 'info', to: { write: (line: string) => void lines.push(line) } });
  log.error({ err: error }, 'it failed');
  return lines.join('');
}

/** As the Redis client makes one. */
function refusedCommand(): Error {
  const command = { name: 'EVALSHA', args: ['sluice:auth:signing-keys', '{"k":"the-secret"}'] };
  return Object.assign(new Error('OOM command not allowed'), { command, previousErrors: [command], code: 'OOM' });
}

describe('an error in the log', () => {
  it('is told with its type, message, code and stack', () => {
    const { err, msg } = JSON.parse(logged(refusedCommand())) as Record<string, unknown>;
    expect(err).toMatchObject({ type: 'Error', message: 'OOM command not allowed', code: 'OOM' });
    expect((err as { stack: string }).stack).toContain('logger.spec');
    expect(msg).toBe('it failed');
  });

  it('does not bring along what a library hung to it, which may be a secret', () => {
    expect(logged(refusedCommand())).not.toContain('the-secret');
    const wrapped = new SluiceError('LOG_UNAVAILABLE', 'Redis refused', { cause: refusedCommand() });
    expect(logged(wrapped)).not.toContain('the-secret');
    expect(logged(wrapped)).toContain('OOM command not allowed');
  });

  it('ends with causes that lead round in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(logged(error)).toContain('round');
  });
});
