import { type GlobalOptions, type Session } from '../session.js';

/** Runs a command's body in a session of the program's global options. */
export type Runner = (options: GlobalOptions, body: (session: Session) => Promise<void>) => Promise<void>;
