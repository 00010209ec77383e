import { ConfigError } from '../config/define-config.js';
import { type ServiceConfig } from '../config/service-settings.js';
import { isLoopbackName } from '../edge/loopback.js';

/**
 * Refuses to serve everybody on a network by accident.
 * @throws ConfigError when the address is beyond loopback, nobody has to say who they are, and that was not asked for
 */
export function assertMayListen(config: Pick<ServiceConfig, 'host' | 'authMode' | 'allowAnonymous'>): void {
  if (config.authMode === 'strict' || isLoopbackName(config.host.toLowerCase()) || config.allowAnonymous) return;
  throw new ConfigError([
    `SLUICE_HOST=${config.host} would let everybody who reaches this machine read and write all streams, because ` +
      `SLUICE_AUTH_MODE=${config.authMode} asks nobody who they are; set SLUICE_AUTH_MODE=strict, or SLUICE_ALLOW_ANONYMOUS=1 if that is meant, ` +
      'or listen on 127.0.0.1',
  ]);
}
