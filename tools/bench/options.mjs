import { parseArgs } from 'node:util';
import { Refusal } from '../setup/progress.mjs';

export const help = `Measures Sluice beside the limits of this machine, in one run.

  npm run bench [-- options]

  --only TEXT      only the lines whose title holds this text (a regular expression, any case)
  --rounds N       how often each line is measured between its limits (3)
  --seconds N      how long each measurement pushes (1.25)
  --straight       past the gateway, straight to stream-store
  --no-aof         without the append-only file, for Sluice and the limits alike
  --profile        leave CPU profiles of the apps and print their most expensive functions
  --json FILE      also write every sample to a file
  --docs           also write the table to docs/benchmarks.md
  --list           print the lines and stop
  --no-build       do not build first
  --verbose        print warnings of the apps
  --help           print this

It starts a Redis and all apps of its own on free ports and ends them. ok and below compare with the target;
~ marks a line in which others used the machine in every round; FAILED means that something was lost, which is never shown as a rate.`;

const definitions = {
  only: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  json: { type: 'string' },
  straight: { type: 'boolean' },
  'no-aof': { type: 'boolean' },
  profile: { type: 'boolean' },
  docs: { type: 'boolean' },
  list: { type: 'boolean' },
  'no-build': { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
};

/** Reads the command line; throws a `Refusal` that names what is wrong. */
export function readOptions(args) {
  const values = parse(args);
  const flag = (name) => values[name] === true;
  return {
    only: readPattern(values.only),
    rounds: readNumber('rounds', values.rounds ?? '3', { whole: true, max: 100 }),
    seconds: readNumber('seconds', values.seconds ?? '1.25', { max: 60 }),
    json: values.json ?? null,
    aof: !flag('no-aof'),
    build: !flag('no-build'),
    ...Object.fromEntries(['straight', 'profile', 'docs', 'list', 'verbose', 'help'].map((name) => [name, flag(name)])),
  };
}

function parse(args) {
  try {
    return parseArgs({ args, options: definitions }).values;
  } catch (error) {
    throw new Refusal(`${error.message.split('. ')[0]}. See: npm run bench -- --help`, { exitCode: 2 });
  }
}

function readPattern(text) {
  if (text === undefined) return null;
  try {
    return new RegExp(text, 'i');
  } catch (error) {
    throw new Refusal(`--only ${text}: ${error.message}`, { exitCode: 2 });
  }
}

function readNumber(name, text, { whole = false, max }) {
  const value = Number(text);
  if (value > 0 && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new Refusal(`--${name} ${text}: a ${whole ? 'whole ' : ''}number above 0 and up to ${max} is needed`, {
    exitCode: 2,
  });
}
