import { SluiceError } from '@sluice/contracts';

/** A token or API key, or what gives one whenever it is needed: for each request and each attempt to connect. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);

/**
 * The token of now.
 * @throws SluiceError what the source threw, or `SERVICE_UNAVAILABLE` around it
 */
export async function readToken(source: TokenSource | undefined): Promise<string | undefined> {
  if (typeof source !== 'function') return source;
  try {
    return await source();
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('SERVICE_UNAVAILABLE', `no token can be had: ${text}`, { cause });
  }
}
