interface SettingText {
  /** Name of the environment variable. */
  readonly env: string;
  /** One sentence for the table of the documents. */
  readonly doc: string;
  /** Unit of the value, when it has one. */
  readonly unit?: string;
  /** Never printed. */
  readonly secret?: boolean;
}

interface TextSetting extends SettingText {
  readonly type: 'text' | 'url';
  readonly default: string | null;
}

interface NumberSetting extends SettingText {
  readonly type: 'integer' | 'number';
  readonly default: number | null;
  readonly min?: number;
  readonly max?: number;
}

interface PortSetting extends SettingText {
  readonly type: 'port';
  readonly default: number | null;
  /** Whether the word `off` may stand for no port at all; the value is null then. */
  readonly canBeOff?: boolean;
}

interface BooleanSetting extends SettingText {
  readonly type: 'boolean';
  readonly default: boolean;
}

interface ListSetting extends SettingText {
  /** Comma-separated. */
  readonly type: 'list' | 'urls';
  readonly default: readonly string[];
}

interface ChoiceSetting extends SettingText {
  readonly type: 'choice';
  readonly values: readonly string[];
  readonly default: string;
}

/** One environment variable: its default (null = none), meaning and unit. */
export type Setting = TextSetting | NumberSetting | PortSetting | BooleanSetting | ListSetting | ChoiceSetting;

/** All settings of one program by the name the code uses. */
export type Settings = Readonly<Record<string, Setting>>;

type PlainValue<S extends Setting> = S extends { type: 'text' | 'url' }
  ? string
  : S extends { type: 'integer' | 'number' | 'port' }
    ? number
    : S extends { type: 'boolean' }
      ? boolean
      : S extends { type: 'list' | 'urls' }
        ? readonly string[]
        : S extends { type: 'choice'; values: readonly (infer Value)[] }
          ? Value
          : never;

/** Type of one parsed setting. */
type SettingValue<S extends Setting> = S extends { default: null } | { canBeOff: true }
  ? PlainValue<S> | null
  : PlainValue<S>;

/** The parsed, frozen values of all settings. */
export type ConfigValues<S extends Settings> = { readonly [Name in keyof S]: SettingValue<S[Name]> };

/** The environment a program was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;
