import { type Command } from 'commander';
import { SluiceError } from '@sluice/contracts';
import { Sluice } from '@sluice/sdk/node';
import { Prompt } from '../prompt.js';
import { type GlobalOptions, type Session } from '../session.js';
import { type Runner } from './action.js';

const LOGIN_HELP = `
The password is asked for without echo, or read from the first line of standard input; it never stands on a command line.
The token is kept under XDG_CONFIG_HOME (~/.config), one file for each server, which nobody else may read. Every other
command then sends it; --token and SLUICE_TOKEN win over it.

Examples:
  $ sluice login alice
  $ pass show sluice | sluice --url https://lab.example.org:8000 login alice`;

async function login(session: Session, given: string | undefined): Promise<void> {
  const prompt = new Prompt(session.host);
  const user = given ?? (await prompt.ask('user'));
  const password = await prompt.secret(`password of ${user}`);
  const { url } = session.options;
  const token = await session.asNobody((sluice) => sluice.access.login(user, password));
  session.credentials.write(url, { user, token });
  const until = expiryOf(token);
  if (session.output.isJson) return session.output.json({ user, until, file: session.credentials.fileOf(url) });
  session.note(`logged in to ${url} as ${user}${until === null ? '' : `, until ${until}`}`);
}

/** Time at which a JWT ends, for display only: the server alone judges it. */
function expiryOf(token: string): string | null {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? new Date(exp * 1000).toISOString() : null;
  } catch {
    return null;
  }
}

async function logout(session: Session): Promise<void> {
  const { url } = session.options;
  const kept = session.credentials.read(url);
  if (kept === null) return session.note(`nobody is logged in to ${url}`);
  session.credentials.remove(url);
  const sluice = new Sluice({ url, token: kept.token });
  try {
    await sluice.access.logout();
  } catch (error) {
    // A token that the server knows no more needs no revocation.
    if (!(error instanceof SluiceError && error.code === 'UNAUTHENTICATED')) throw error;
  } finally {
    sluice.destroy();
  }
  session.note(`logged out of ${url}`);
}

async function whoami(session: Session): Promise<void> {
  const me = await session.sluice.access.me();
  if (session.output.isJson) return session.output.json(me);
  await session.output.line(`${me.subject}  (${me.mode} mode)`);
  for (const scope of me.scopes) await session.output.line(`  ${scope}`);
}

/** Adds `login`, `logout` and `whoami`. */
export function addLoginCommands(program: Command, run: Runner): void {
  program
    .command('login')
    .summary('log in and keep the token for the other commands')
    .description('Ask for a password, get a token for it and keep that on this machine.')
    .argument('[user]', 'name of the user; asked for when it is left out')
    .addHelpText('after', LOGIN_HELP)
    .action((user: string | undefined, _options: unknown, command: Command) =>
      run(command.optsWithGlobals<GlobalOptions>(), (session) => login(session, user)),
    );

  program
    .command('logout')
    .summary('revoke the token kept by "login" and forget it')
    .description('Revoke the token that "sluice login" has kept, and remove it from this machine.')
    .action((_options: unknown, command: Command) => run(command.optsWithGlobals<GlobalOptions>(), logout));

  program
    .command('whoami')
    .summary('show who this machine is to the server')
    .description('Show the user or API key that the server takes this machine for, and what it may do.')
    .action((_options: unknown, command: Command) => run(command.optsWithGlobals<GlobalOptions>(), whoami));
}
