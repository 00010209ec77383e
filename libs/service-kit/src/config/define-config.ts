import { configTable } from './config-table.js';
import { VARIABLE_PREFIX, isKnownElsewhere, suggestibleNames } from './known-variables.js';
import { nearestName } from './nearest-name.js';
import { parseSetting } from './parse-setting.js';
import { type ConfigValues, type Environment, type Setting, type Settings } from './settings.js';

/** Every problem of an environment at once, one per line; shown without a stack at start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** The settings of one program, ready to be read once at start. */
export interface ConfigDefinition<S extends Settings> {
  readonly settings: S;
  /**
   * Reads and checks the environment; the result is frozen. An empty variable counts as not set.
   * @throws ConfigError naming every bad value and every unknown `SLUICE_` variable
   */
  parse(environment: Environment): ConfigValues<S>;
  /** The settings as a Markdown table. */
  table(): string;
  /** Values for the log: secrets and passwords in URLs are hidden. */
  redacted(values: ConfigValues<S>): Record<string, unknown>;
}

/** Declares the settings of a program. */
export function defineConfig<const S extends Settings>(settings: S): ConfigDefinition<S> {
  return {
    settings,
    parse: (environment) => parseSettings(settings, environment) as ConfigValues<S>,
    table: () => configTable(settings),
    redacted: (values) =>
      Object.fromEntries(
        Object.entries(settings).map(([name, setting]) => [name, redact(setting, values[name as keyof S])]),
      ),
  };
}

function parseSettings(settings: Settings, environment: Environment): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const text = environment[setting.env];
    if (text === undefined || text === '') {
      values[name] = setting.default;
      continue;
    }
    const result = parseSetting(setting, text);
    if ('value' in result) values[name] = result.value;
    else problems.push(`${setting.env} ${result.problem}`);
  }
  problems.push(...unknownVariables(settings, environment));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values);
}

function unknownVariables(settings: Settings, environment: Environment): string[] {
  const ownNames = Object.values(settings).map((setting) => setting.env);
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith(VARIABLE_PREFIX) && !ownNames.includes(name) && !isKnownElsewhere(name, ownNames),
  );
  return unknown.sort().map((name) => {
    const nearest = nearestName(name, suggestibleNames(ownNames));
    return `${name} is not a setting${nearest === null ? '' : `; did you mean ${nearest}?`}`;
  });
}

function redact(setting: Setting, value: unknown): unknown {
  if (setting.secret === true) return value === null ? null : '(hidden)';
  if (setting.type === 'urls') return (value as readonly string[]).map(withoutPassword);
  return setting.type === 'url' && typeof value === 'string' ? withoutPassword(value) : value;
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password === '') return text;
  url.password = 'hidden';
  return url.href;
}
