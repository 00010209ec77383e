import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../config/define-config.js';
import { assertMayListen } from './listen-address.js';

describe('the address of a service', () => {
  it.each([
    ['127.0.0.1', 'open', false],
    ['::1', 'open', false],
    ['LocalHost', 'open', false],
    ['0.0.0.0', 'open', true],
    ['0.0.0.0', 'strict', false],
    ['192.0.2.1', 'strict', true],
  ] as const)('may be %s in %s mode, with anonymous access allowed: %s', (host, authMode, allowAnonymous) => {
    expect(() => assertMayListen({ host, authMode, allowAnonymous })).not.toThrow();
  });

  it('beyond loopback is refused in open mode, with the ways out named', () => {
    const listen = (): void => assertMayListen({ host: '0.0.0.0', authMode: 'open', allowAnonymous: false });
    expect(listen).toThrow(ConfigError);
    expect(listen).toThrow(/SLUICE_AUTH_MODE=strict.*SLUICE_ALLOW_ANONYMOUS=1.*127\.0\.0\.1/);
  });
});
