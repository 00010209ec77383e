import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@sluice/service-kit';
import { type Application, isApplication } from '../sdk/application.js';
import { BuildError } from '../engine/build-error.js';
import { omnibus } from '../demo/omnibus.js';
import { withControls } from './with-controls.js';

/**
 * The application that is given, or that a file exports by default; the demo without either.
 * @throws ConfigError when there is none in the file
 */
export async function loadApplication(source: Application | string | null): Promise<Application> {
  const application = typeof source === 'string' ? await importApplication(source) : (source ?? omnibus);
  try {
    return withControls(application);
  } catch (error) {
    throw error instanceof BuildError ? new ConfigError([`SLUICE_CHANNELS: ${error.message}`]) : error;
  }
}

/** Wherever a user's file lies, it imports what the gateway itself does. */
const OWN_PACKAGES = '@sluice/';

async function importApplication(file: string): Promise<Application> {
  const path = resolve(file);
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, specifier.startsWith(OWN_PACKAGES) ? { ...context, parentURL: import.meta.url } : context),
  });
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (error) {
    throw new ConfigError([
      `SLUICE_CHANNELS: ${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  if (isApplication(module.default)) return module.default;
  throw new ConfigError([
    `SLUICE_CHANNELS: ${path} does not export an application made with defineApplication by default`,
  ]);
}
