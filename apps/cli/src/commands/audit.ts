import { type Command } from 'commander';
import { formatTable } from '../format.js';
import { type GlobalOptions, type Session } from '../session.js';
import { type Runner } from './action.js';
import { wholeNumber } from './numbers.js';

interface AuditOptions extends GlobalOptions {
  readonly count: number;
  readonly after?: string;
}

async function audit(session: Session, { count, after }: AuditOptions): Promise<void> {
  const entries = await session.sluice.access.audit({ count, after });
  if (session.output.isJson) {
    for (const entry of entries) await session.output.json(entry);
    return;
  }
  const rows = entries.map(({ time, event, subject, details }) => {
    const facts = Object.entries(details).map(([name, value]) => `${name}=${factText(value)}`);
    return [time.slice(0, 19).replace('T', ' '), event, subject ?? '-', facts.join(' ')];
  });
  for (const line of formatTable(['time', 'event', 'who', 'facts'], rows, 4)) await session.output.line(line);
}

/** Values come from whoever tried something: as JSON they can hold nothing that a terminal obeys. */
function factText(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@*-]+$/.test(value) ? value : JSON.stringify(value);
}

/** Adds `audit`. */
export function addAuditCommand(program: Command, run: Runner): void {
  program
    .command('audit')
    .summary('show refusals and changes of rights, newest first')
    .description('Show the audit trail, newest first: log-ins, refusals, and every change of users, keys and rights.')
    .option('--count <n>', 'at most so many', wholeNumber(1), 30)
    .option('--after <id>', 'only what came after this entry')
    .addHelpText(
      'after',
      '\nExamples:\n  $ sluice audit\n  $ sluice audit --count 1000 --json | jq -r .subject | sort | uniq -c',
    )
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<AuditOptions>();
      return run(options, (session) => audit(session, options));
    });
}
