import { Global, Module, type DynamicModule } from '@nestjs/common';
import { StoreConfig } from './config.js';

/** Makes the settings injectable in every room. */
@Global()
@Module({})
export class SettingsModule {
  static with(config: StoreConfig): DynamicModule {
    const providers = [{ provide: StoreConfig, useValue: config }];
    return { module: SettingsModule, providers, exports: providers };
  }
}
