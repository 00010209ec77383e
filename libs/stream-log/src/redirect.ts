import { isTransient, toSluiceError } from './replies.js';
import { type Argument } from './resp/command-writer.js';
import { type Reply, ReplyError } from './resp/parser.js';
import { type Shard } from './shard.js';
import { type Topology } from './topology.js';

const ATTEMPTS = 12;
const RETRY_AFTER_MS = 100;

/**
 * Runs reads, or scripts that are safe to run again, for one key on the node that holds it; follows the cluster's redirections and waits out failovers
 * for about a second. Give one command, or one transaction (`MULTI … EXEC`): either leaves in one write.
 * Returns one reply per command. @throws SluiceError
 */
export async function runOnKey(topology: Topology, key: string, commands: (readonly Argument[])[]): Promise<Reply[]> {
  let asked: Shard | null = null;
  for (let attempt = 1; ; attempt++) {
    const shard: Shard = asked ?? topology.shardFor(key);
    // ASKING covers one command, or one transaction from its MULTI to its EXEC.
    const sent: (readonly Argument[])[] = asked ? [['ASKING'], ...commands] : commands;
    const replies = await shard.run(...sent);
    const error = replies.find((reply) => reply instanceof ReplyError);
    if (!(error instanceof ReplyError)) return asked ? replies.slice(1) : replies;
    asked = null;
    if (attempt === ATTEMPTS) throw toSluiceError(error, key);
    if (error.code === 'MOVED') topology.moved(error, shard);
    else if (error.code === 'ASK') asked = topology.redirectTarget(error, shard);
    else if (isTransient(error)) {
      topology.refreshSoon();
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    } else throw toSluiceError(error, key);
  }
}
