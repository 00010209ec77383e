import { createHash } from 'node:crypto';

/** A Lua script: sent by its hash, and in full where the server has not seen it. */
export interface Script {
  readonly name: string;
  readonly source: string;
  /** Of the source, in hexadecimal, as EVALSHA wants it. */
  readonly sha1: string;
}

/** @param source running it twice must do what running it once does: a lost reply is asked for again */
export function defineScript(name: string, source: string): Script {
  return { name, source, sha1: createHash('sha1').update(source).digest('hex') };
}
