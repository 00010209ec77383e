import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ChannelConfig } from './config.js';

/** Makes the settings injectable in every room. */
@Global()
@Module({})
export class SettingsModule {
  static with(config: ChannelConfig): DynamicModule {
    const providers = [{ provide: ChannelConfig, useValue: config }];
    return { module: SettingsModule, providers, exports: providers };
  }
}
