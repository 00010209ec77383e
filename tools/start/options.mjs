import { parseArgs } from 'node:util';
import { Refusal } from '../setup/progress.mjs';
import { apps, demoDevices, frontDoor, ptgDoor } from './apps.mjs';

const authModes = ['open', 'strict'];

/** The help of a command that runs everything; `does` is its first line. */
export const help = (command, does) => `${does}

  ${command} [-- options]

  --only a,b    run these apps only (${apps.map(({ name }) => name).join(', ')})
  --auth mode   open: nobody has to say who they are (the default); strict: everybody has to
  --tls         serve https and wss: with SLUICE_TLS_CERT and SLUICE_TLS_KEY, else with a certificate made here
  --demo        add two devices that push: ${demoDevices.join(' and ')}
  --verbose     print every log line (they are always in .sluice/logs)
  --help        print this

Environment
  SLUICE_HOST               address that the apps listen on (127.0.0.1)
${apps.map((app) => `  ${app.portVariable.padEnd(24)}  port of ${app.name} (${app.defaultPort})`).join('\n')}
  ${ptgDoor.portVariable}  port of the ptg dialect, or off (${ptgDoor.defaultPort})
  SLUICE_AUTH_MODE          as --auth, which wins over it
  SLUICE_REDIS_PORT         port of the Redis that is started here (6789)
  SLUICE_REDIS_BIN          Redis or Valkey server to start; "packages" takes one from the system's packages
  SLUICE_REDIS_MAXMEMORY    memory bound of that Redis, such as 512mb (none)
  SLUICE_DURABILITY         everysec, always, or (with REDIS_URL) replicas:N (everysec)
  SLUICE_STATE_DIR          folder for data, logs and the rest (.sluice)
  REDIS_URL                 use this server or cluster; none is started then
Other variables go to the apps as they are: docs/operations.md.`;

/** Reads the command line; throws a `Refusal` that names what is wrong. */
export function readOptions(args) {
  const { only, auth, tls, demo, verbose, help: wantsHelp } = parse(args);
  if (auth !== undefined && !authModes.includes(auth)) {
    throw new Refusal(`--auth ${auth}: there are ${authModes.join(' and ')}`, { exitCode: 2 });
  }
  const chosen = only === undefined ? apps : choose(only);
  if (demo && !apps.every((app) => chosen.includes(app))) {
    throw new Refusal(`--demo pushes through ${frontDoor} and needs every app: leave out --only ${only}`);
  }
  return {
    apps: chosen,
    auth: auth ?? null,
    tls: tls === true,
    demo: demo === true,
    verbose: verbose === true,
    help: wantsHelp === true,
  };
}

function parse(args) {
  const flag = { type: 'boolean' };
  try {
    const { values } = parseArgs({
      args,
      options: { only: { type: 'string' }, auth: { type: 'string' }, tls: flag, demo: flag, verbose: flag, help: flag },
    });
    return values;
  } catch (error) {
    throw new Refusal(`${error.message.split('. ')[0]}. See: npm start -- --help`, { exitCode: 2 });
  }
}

function choose(only) {
  const names = only.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!apps.some((app) => app.name === name)) {
      const known = apps.map((app) => app.name).join(', ');
      throw new Refusal(`--only ${only}: there is no app "${name}"; the apps are ${known}`, { exitCode: 2 });
    }
  }
  return apps.filter((app) => names.includes(app.name));
}
