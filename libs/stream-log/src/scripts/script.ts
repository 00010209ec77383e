import { createHash } from 'node:crypto';

/** A Lua script: sent by its hash, and in full where the server has not seen it. */
export interface Script {
  readonly name: string;
  readonly source: string;
  /** Of the source, in hexadecimal, as EVALSHA wants it. */
  readonly sha1: string;
  /** Whether running it twice does what running it once does, so that a lost reply may be asked for again. */
  readonly isRepeatable: boolean;
}

/** @param isRepeatable false when a second run would store something twice */
export function defineScript(name: string, source: string, isRepeatable: boolean): Script {
  return { name, source, sha1: createHash('sha1').update(source).digest('hex'), isRepeatable };
}
