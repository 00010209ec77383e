import { ConfigError } from '../config/define-config.js';
import { type ConfigValues, type Settings } from '../config/settings.js';
import { Certificates } from './certificates.js';
import { givenFiles } from './pair-files.js';
import { certificateFile, selfSignedFiles } from './self-signed.js';

/** Settings of a service that can speak TLS; spread them into its own definition. */
export const TLS_SETTINGS = {
  tls: {
    env: 'SLUICE_TLS',
    type: 'choice',
    values: ['off', 'self-signed'],
    default: 'off',
    doc: 'Serve https and wss (TLS 1.2 or newer, HTTP/2 where the client asks) with a certificate made here. With `SLUICE_TLS_CERT` and `SLUICE_TLS_KEY` it is theirs that is served.',
  },
  tlsCert: {
    env: 'SLUICE_TLS_CERT',
    type: 'text',
    default: null,
    doc: 'PEM file of the certificate with its chain. Read anew when it changes.',
  },
  tlsKey: {
    env: 'SLUICE_TLS_KEY',
    type: 'text',
    default: null,
    doc: 'PEM file of the private key, without a passphrase. Read anew when it changes.',
  },
  tlsFolder: {
    env: 'SLUICE_TLS_FOLDER',
    type: 'text',
    default: '.sluice/tls',
    doc: 'Folder where the self-signed certificate is kept.',
  },
} as const satisfies Settings;

type TlsConfig = ConfigValues<typeof TLS_SETTINGS> & {
  readonly host: string;
  readonly allowedHosts: readonly string[];
};

/**
 * The certificate the settings ask for; null when they ask for none.
 * @throws ConfigError when it cannot be had
 */
export async function openCertificates(config: TlsConfig): Promise<Certificates | null> {
  const { tls, tlsCert, tlsKey, tlsFolder } = config;
  if (tlsCert !== null && tlsKey !== null) {
    if (tls === 'off') return Certificates.open(givenFiles(tlsCert, tlsKey), null);
    throw new ConfigError([`SLUICE_TLS=${tls} and SLUICE_TLS_CERT exclude each other: leave one out`]);
  }
  if (tlsCert !== null || tlsKey !== null) {
    const missing = tlsCert === null ? 'SLUICE_TLS_CERT' : 'SLUICE_TLS_KEY';
    throw new ConfigError([`${missing} is missing: a certificate and its key are given together`]);
  }
  if (tls === 'off') return null;
  const names = [config.host, ...config.allowedHosts];
  return Certificates.open(selfSignedFiles(tlsFolder, names), `clients trust ${certificateFile(tlsFolder)}`);
}
