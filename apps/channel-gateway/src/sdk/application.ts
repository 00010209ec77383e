import { type Channels } from './channels.js';
import { type GatewayModule, type Selection } from './module.js';

/** A view of channels as a table, for pages that show them. */
export interface TableView {
  /** Column name to `string`, `integer`, `float`, `boolean`, `date` or `datetime`. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Keys of an application's own, beside the tokens and API keys of the system; each allows everything in the application. */
export interface ApiKeyOptions {
  /** Without any, one is made at each start and written to the log: replicas need some that are given. */
  readonly keys?: readonly string[];
  /** Name of the query parameter, the header and the cookie. Default `token`. */
  readonly name?: string;
  /** What a refused request is told. Default `unauthorized`. */
  readonly message?: string;
  /** How long a browser that has logged in stays so. Default 43,200. */
  readonly cookieSeconds?: number;
}

/** What pages show of an application beside its title. Files are read from their paths, relative to the working folder. */
export interface PageOptions {
  /** Pictures, served under `/custom`. Default of the first: the service's own. */
  readonly headerLogo?: string;
  readonly footerLogo?: string;
  /** Styles and scripts for pages to load, served under `/custom`. */
  readonly css?: readonly string[];
  readonly js?: readonly string[];
  /** A folder whose files are served under `/custom-assets`, to everybody. */
  readonly assets?: string;
}

/** What of an application is served, and how. */
export interface Mounts {
  /** Every channel is served in every group, also where nothing stands behind it. For looking at an application. */
  readonly everything?: boolean;
  readonly last?: Selection;
  readonly next?: Selection;
  readonly lookup?: Selection;
  /** States that are served. */
  readonly state?: Selection;
  /** Staged channels that are served. */
  readonly stage?: Selection;
  /** Sendable channels that are served. */
  readonly send?: Selection;
  /** Static fields that are served. */
  readonly fields?: readonly string[];
  readonly stream?: {
    readonly selection?: Selection;
    /** Clients may not send. */
    readonly readonly?: boolean;
    /** Default 1000. */
    readonly heartbeatMs?: number;
  };
  readonly controls?: { readonly heartbeat?: boolean; readonly stats?: boolean; readonly shutdown?: boolean };
  /** Every request needs a key. */
  readonly apiKeys?: ApiKeyOptions;
  readonly channelsGraph?: boolean;
  readonly page?: PageOptions;
  /** A folder whose files are shown under `/outputs`. */
  readonly outputs?: { readonly dir: string };
  /** Tables beside those of the channels, and layouts of a page as JSON texts. */
  readonly tables?: {
    readonly selection?: Selection;
    readonly more?: Readonly<Record<string, TableView>>;
    readonly layouts?: Readonly<Record<string, string>>;
    readonly defaultLayout?: string;
    readonly limits?: Readonly<Record<string, number>>;
    readonly indexes?: Readonly<Record<string, string>>;
  };
}

export interface ApplicationOptions<C extends Channels> {
  readonly title?: string;
  readonly description?: string;
  readonly version?: string;
  readonly contact?: { readonly name: string; readonly email: string };
  readonly channels: C;
  /** Default: none, for channels that clients alone tick. */
  readonly modules?: readonly GatewayModule<C>[];
  readonly mounts?: Mounts;
}

/** An application: channels, the modules that tick them, and what of it is served. */
export interface Application {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly contact: { readonly name: string; readonly email: string };
  readonly channels: Channels;
  readonly modules: readonly GatewayModule[];
  readonly mounts: Mounts;
}

/** Declares an application. */
export function defineApplication<const C extends Channels>(options: ApplicationOptions<C>): Application {
  const { title = 'Gateway', description = '', version = '2.9.0', channels, modules = [], mounts = {} } = options;
  const contact = options.contact ?? { name: '', email: 'example@domain.com' };
  return { title, description, version, contact, channels, mounts, modules: modules as unknown as GatewayModule[] };
}

/** Whether a value that a user's file exports is an application. */
export function isApplication(value: unknown): value is Application {
  return typeof value === 'object' && value !== null && 'channels' in value && 'modules' in value && 'mounts' in value;
}
