import { type Command } from 'commander';
import { type UserView } from '@sluice/sdk';
import { UsageError } from '../exit.js';
import { formatTable } from '../format.js';
import { Prompt } from '../prompt.js';
import { type GlobalOptions, type Session } from '../session.js';
import { type Runner } from './action.js';

const SCOPE_HELP = `
A scope is a right, or a right for the names that a pattern matches:
  stream:read                    read every stream
  stream:write=cam1:*            write the streams of device cam1
  stream:*=lab:*                 read and write those of device lab
  admin                          everything
Rights: stream, channel, pipeline, control, each with :read, :write or :*; admin.`;

const USER_EXAMPLES = `
Examples:
  $ sluice user add alice --scope stream:read 'stream:write=cam1:*'
  $ openssl rand -hex 16 | sluice user add robot --scope stream:read
  $ sluice user passwd                  one's own
  $ sluice user scopes alice admin`;

interface AddOptions extends GlobalOptions {
  readonly scope: readonly string[];
}

interface ScopesOptions extends GlobalOptions {
  readonly none?: boolean;
}

async function show(session: Session, user: UserView): Promise<void> {
  if (session.output.isJson) return session.output.json(user);
  await session.output.line(`${user.name}  ${scopeText(user.scopes)}`);
}

export function scopeText(scopes: readonly string[]): string {
  return scopes.length === 0 ? '(no rights)' : scopes.join(' ');
}

async function add(session: Session, name: string, scopes: readonly string[]): Promise<void> {
  const password = await new Prompt(session.host).newSecret(`password for ${name}`);
  await show(session, await session.sluice.access.addUser(name, password, scopes));
}

async function list(session: Session): Promise<void> {
  const users = await session.sluice.access.users();
  if (session.output.isJson) {
    for (const user of users) await session.output.json(user);
    return;
  }
  if (users.length === 0) return session.note('no users yet: "sluice user add <name>" makes one');
  const rows = users.map(({ name, createdAt, scopes }) => [name, createdAt.slice(0, 10), scopeText(scopes)]);
  for (const line of formatTable(['user', 'since', 'scopes'], rows, 3)) await session.output.line(line);
}

async function passwd(session: Session, given: string | undefined): Promise<void> {
  const { access } = session.sluice;
  const { subject } = await access.me();
  const name = given ?? subject;
  const prompt = new Prompt(session.host);
  const old = name === subject ? await prompt.secret('present password') : undefined;
  const password = await prompt.newSecret(`new password of ${name}`);
  await access.setPassword(name, password, old);
  session.note(`the password of ${name} is changed; tokens of before are no longer valid`);
}

async function setScopes(session: Session, name: string, scopes: readonly string[], isNone: boolean): Promise<void> {
  if (scopes.length > 0 === isNone)
    throw new UsageError('name the scopes the user shall have, or --none for no rights');
  await show(session, await session.sluice.access.setScopes(name, scopes));
}

async function remove(session: Session, name: string): Promise<void> {
  await session.sluice.access.removeUser(name);
  session.note(`user ${name} is removed; their tokens and keys are no longer valid`);
}

/** Adds `user add|list|remove|passwd|scopes`. */
export function addUserCommands(program: Command, run: Runner): void {
  const user = program
    .command('user')
    .summary('add, list and remove users, set passwords and rights')
    .description('Users of this Sluice. All but "passwd" for oneself needs the right admin.')
    .addHelpText('after', `${SCOPE_HELP}\n${USER_EXAMPLES}`);

  user
    .command('add')
    .summary('add a user')
    .description('Add a user. The password is asked for without echo, or is the first line of standard input.')
    .argument('<name>', 'name to log in with')
    .option('--scope <scope...>', 'what the user may do', [])
    .addHelpText('after', SCOPE_HELP)
    .action((name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<AddOptions>();
      return run(options, (session) => add(session, name, options.scope));
    });

  user
    .command('list')
    .summary('list users and their scopes')
    .description('List all users, since when they are there, and their scopes.')
    .action((_options: unknown, command: Command) => run(command.optsWithGlobals<GlobalOptions>(), list));

  user
    .command('remove')
    .summary('remove a user')
    .description('Remove a user. Their tokens and keys end at once, and with them their open connections.')
    .argument('<name>', 'name of the user')
    .action((name: string, _options: unknown, command: Command) =>
      run(command.optsWithGlobals<GlobalOptions>(), (session) => remove(session, name)),
    );

  addSettings(user, run);
}

function addSettings(user: Command, run: Runner): void {
  user
    .command('passwd')
    .summary('set a password')
    .description(
      "Set a password: one's own with the present one before it, another user's as an administrator. Passwords are asked for without echo, or are lines of standard input.",
    )
    .argument('[name]', 'name of the user; left out: oneself')
    .action((name: string | undefined, _options: unknown, command: Command) =>
      run(command.optsWithGlobals<GlobalOptions>(), (session) => passwd(session, name)),
    );

  user
    .command('scopes')
    .summary('set what a user may do')
    .description('Replace the scopes of a user. They hold at once, also for tokens given out before.')
    .argument('<name>', 'name of the user')
    .argument('[scopes...]', 'all scopes the user shall have')
    .option('--none', 'no rights at all')
    .addHelpText('after', SCOPE_HELP)
    .action((name: string, scopes: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ScopesOptions>();
      return run(options, (session) => setScopes(session, name, scopes, options.none === true));
    });
}
