import { Buffer } from 'node:buffer';
import { SluiceError } from '@sluice/contracts';
import { runOnKey } from './redirect.js';
import { type Argument } from './resp/command-writer.js';
import { type Reply } from './resp/parser.js';
import { type Topology } from './topology.js';

/**
 * ARGV: for each command how many words it has, then the words. Answers as EXEC does, an error in its place; only the last command may find
 * nothing, as Lua ends a list there.
 */
const RUN_ALL = `
redis.setresp(3)
local results, at = {}, 1
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  results[#results + 1] = redis.pcall(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
return results
`;

/**
 * Reads one key by several commands with nothing in between; one reply for each. @throws SluiceError
 * @param commands only the last one's reply may be null
 */
export async function readTogether(
  topology: Topology,
  key: string,
  commands: readonly (readonly Argument[])[],
): Promise<Reply[]> {
  let replies: Reply[];
  try {
    replies = await runOnKey(topology, key, [['MULTI'], ...commands, ['EXEC']]);
  } catch (error) {
    if (!(error instanceof SluiceError && error.code === 'LOG_FULL')) throw error;
    replies = await runOnKey(topology, key, [asScript(key, commands)]);
  }
  const results = replies.at(-1);
  return Array.isArray(results) ? results : [];
}

/**
 * The same reads as a script. Redis queues nothing for a transaction while it has no memory left, not even reads; it runs scripts, in
 * which large entries are copied ten times slower.
 */
export function asScript(key: string | Buffer, commands: readonly (readonly Argument[])[]): Argument[] {
  return ['EVAL', RUN_ALL, 1, key, ...commands.flatMap((words) => [words.length, ...words])];
}
