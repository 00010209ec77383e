import { X509Certificate, createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** A private key and its certificate chain, both as PEM text. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** SHA-256 of the certificate, as hex pairs with colons. */
  readonly fingerprint: string;
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly certificate: X509Certificate;
}

/**
 * Checks that a pair can be served.
 * @throws Error saying which of the two is wrong, or that they do not belong together
 */
export function checkPair({ key, cert }: KeyPair): CertificateFacts {
  const certificate = attempt('the certificate is no PEM certificate', () => new X509Certificate(cert));
  const privateKey = attempt('the key is no PEM private key without a passphrase', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('the key is not the key of the certificate');
  attempt('the pair cannot be used for TLS', () => createSecureContext({ key, cert, minVersion: 'TLSv1.2' }));
  return {
    fingerprint: certificate.fingerprint256,
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
    certificate,
  };
}

function attempt<Result>(complaint: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw new Error(`${complaint} (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
}
