import { Global, Module, type DynamicModule } from '@nestjs/common';
import { RegistryConfig } from './config.js';

/** Makes the settings injectable in every room. */
@Global()
@Module({})
export class SettingsModule {
  static with(config: RegistryConfig): DynamicModule {
    const providers = [{ provide: RegistryConfig, useValue: config }];
    return { module: SettingsModule, providers, exports: providers };
  }
}
