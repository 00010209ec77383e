import { type Command } from 'commander';
import { formatTable } from '../format.js';
import { type GlobalOptions, type Session } from '../session.js';
import { type Runner } from './action.js';
import { scopeText } from './user.js';

const KEY_EXAMPLES = `
The key is printed this once; only its digest is kept. A device sends it as its token: in SLUICE_TOKEN, in the header
"Authorization: Bearer", or in the query parameter "token".

Examples:
  $ sluice key create camera-7 --scope 'stream:write=camera-7:*' > camera-7.key
  $ SLUICE_TOKEN=$(cat camera-7.key) sluice push camera-7:log "hello"
  $ sluice key revoke camera-7`;

interface CreateOptions extends GlobalOptions {
  readonly scope: readonly string[];
}

async function create(session: Session, name: string, scopes: readonly string[]): Promise<void> {
  const key = await session.sluice.access.createKey(name, scopes);
  if (session.output.isJson) return session.output.json(key);
  session.note(`key ${key.name}: ${scopeText(key.scopes)}; it is shown this once:`);
  await session.output.line(key.secret);
}

async function list(session: Session): Promise<void> {
  const keys = await session.sluice.access.keys();
  if (session.output.isJson) {
    for (const key of keys) await session.output.json(key);
    return;
  }
  if (keys.length === 0) return session.note('no keys yet: "sluice key create <name>" makes one');
  const rows = keys.map(({ name, owner, createdAt, lastUsedAt, scopes }) => {
    const lastUse = lastUsedAt === null ? 'never' : lastUsedAt.slice(0, 16).replace('T', ' ');
    return [name, owner, createdAt.slice(0, 10), lastUse, scopeText(scopes)];
  });
  for (const line of formatTable(['key', 'of', 'since', 'last use', 'scopes'], rows, 5)) {
    await session.output.line(line);
  }
}

async function revoke(session: Session, name: string): Promise<void> {
  await session.sluice.access.revokeKey(name);
  session.note(`key ${name} is revoked`);
}

/** Adds `key create|list|revoke`. */
export function addKeyCommands(program: Command, run: Runner): void {
  const key = program
    .command('key')
    .summary('make, list and revoke API keys for machines')
    .description("API keys for machines: one's own, or as an administrator everybody's.")
    .addHelpText('after', KEY_EXAMPLES);

  key
    .command('create')
    .summary('make an API key and print it')
    .description('Make an API key with some or all of the rights one has, and print it.')
    .argument('<name>', 'name of the key')
    .option('--scope <scope...>', 'what the key allows, as for "sluice user"', [])
    .addHelpText('after', KEY_EXAMPLES)
    .action((name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CreateOptions>();
      return run(options, (session) => create(session, name, options.scope));
    });

  key
    .command('list')
    .summary('list API keys and their last use')
    .description('List API keys, who made them, when they were last used, and their scopes.')
    .action((_options: unknown, command: Command) => run(command.optsWithGlobals<GlobalOptions>(), list));

  key
    .command('revoke')
    .summary('end an API key')
    .description('Revoke an API key: it ends at once, and with it the connections opened with it.')
    .argument('<name>', 'name of the key')
    .action((name: string, _options: unknown, command: Command) =>
      run(command.optsWithGlobals<GlobalOptions>(), (session) => revoke(session, name)),
    );
}
