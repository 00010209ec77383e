import { join } from 'node:path';
import { run, tail } from '../setup/command.mjs';
import { root } from '../setup/paths.mjs';
import { Refusal } from '../setup/progress.mjs';

/**
 * What strict mode needs before anybody can sign in: makes the first administrator, unless there is one, and an API key for
 * each of the demo's `devices`. Resolves with `{ admins, password, keys }`: the administrators by name, the password of one
 * just made (else null), and the keys by device. Nothing of it is written to a file.
 */
export async function prepareAccess(env, devices) {
  const program = join(root, 'apps/api-gateway/dist/main.js');
  const args = [program, '--first-start', ...devices.map((device) => `--device=${device}`)];
  const { code, output } = await run(process.execPath, args, { cwd: root, env, timeoutMs: 30_000 });
  const answer = code === 0 ? output.split('\n').find((line) => line.startsWith('{')) : undefined;
  if (answer === undefined) throw new Refusal(`users and keys could not be prepared:\n${tail(output)}`);
  return JSON.parse(answer);
}

/** What to tell about it once the system is up: rows for the table. */
export function accessRows({ admins, password }) {
  const [name] = admins;
  if (password === null) return [['access', `strict; administrators: ${admins.join(', ')}`]];
  return [
    ['access', `strict; the first administrator is ${name}, with the password ${password}`],
    ['', 'it is shown this once and kept nowhere; "npx sluice user passwd" sets another'],
  ];
}
