import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { ConfigError } from '@sluice/service-kit';
import { type PageOptions } from '../sdk/application.js';

/** What pages of the application are told of it. */
export interface PageConfig {
  readonly title: string;
  readonly description: string;
  /** Addresses of pictures. */
  readonly headerLogo: string;
  readonly footerLogo: string;
  /** Addresses of styles and scripts, in their order. */
  readonly customCss: readonly string[];
  readonly customJs: readonly string[];
  readonly basePath: string;
}

/** Files that an application gives its pages, by the names they have under `/custom`. Injectable. */
export class PageFiles {
  private constructor(
    readonly config: PageConfig,
    readonly files: ReadonlyMap<string, string>,
    /** Folder under `/custom-assets`; null: none. */
    readonly assets: string | null,
  ) {}

  /** @throws ConfigError for a file that is not there, or two of one name */
  static async open(application: {
    readonly title: string;
    readonly description: string;
    readonly mounts: { readonly page?: PageOptions };
  }): Promise<PageFiles> {
    const { headerLogo, footerLogo, css = [], js = [], assets } = application.mounts.page ?? {};
    const files = new Map<string, string>();
    const addressOf = async (file: string): Promise<string> => {
      const path = resolve(file);
      const name = basename(path);
      await assertIs(path, 'file');
      if (files.has(name) && files.get(name) !== path) {
        throw new ConfigError([`mounts.page: there are two files "${name}": ${files.get(name)} and ${path}`]);
      }
      files.set(name, path);
      return `/custom/${encodeURIComponent(name)}`;
    };
    const addressesOf = async (paths: readonly string[]): Promise<string[]> => {
      const addresses: string[] = [];
      for (const path of paths) addresses.push(await addressOf(path));
      return addresses;
    };
    if (assets !== undefined) await assertIs(resolve(assets), 'folder');
    const config = {
      title: application.title,
      description: application.description,
      headerLogo: headerLogo === undefined ? '/img/logo.svg' : await addressOf(headerLogo),
      footerLogo: footerLogo === undefined ? '' : await addressOf(footerLogo),
      customCss: await addressesOf(css),
      customJs: await addressesOf(js),
      basePath: '',
    };
    return new PageFiles(config, files, assets === undefined ? null : resolve(assets));
  }
}

async function assertIs(path: string, kind: 'file' | 'folder'): Promise<void> {
  const facts = await stat(path).catch(() => null);
  if (facts !== null && (kind === 'file' ? facts.isFile() : facts.isDirectory())) return;
  throw new ConfigError([`mounts.page: there is no ${kind} ${path}`]);
}
