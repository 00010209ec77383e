import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the surroundings say; every option on the command line wins over it. */
export interface CliConfig {
  /** `SLUICE_URL`: address of the Sluice. */
  readonly url: string;
  /** `SLUICE_TOKEN`: token or API key. */
  readonly token: string | undefined;
  /** `XDG_CONFIG_HOME`: where programs keep their settings; absolute. */
  readonly configFolder: string;
  /** False when `NO_COLOR` is set. */
  readonly hasColor: boolean;
}

/** Address of a Sluice started with `npm start`. */
const DEFAULT_URL = 'http://127.0.0.1:8000';

/** Reads the environment once, at start. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): CliConfig {
  return Object.freeze({
    url: env['SLUICE_URL'] || DEFAULT_URL,
    token: env['SLUICE_TOKEN'] || undefined,
    configFolder: configFolder(env),
    hasColor: (env['NO_COLOR'] ?? '') === '',
  });
}

/** Relative folders are ignored, as the XDG specification asks. */
function configFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['XDG_CONFIG_HOME'];
  return given?.startsWith('/') === true ? given : join(env['HOME'] || homedir(), '.config');
}
