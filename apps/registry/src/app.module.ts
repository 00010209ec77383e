import { Module, type DynamicModule } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { AnswerMemory } from './answers/answer-memory.js';
import { Pace } from './answers/pace.js';
import { RegistryConfig, type RegistrySettings } from './config.js';
import { DeviceMutationsResolver } from './devices/device-mutations.resolver.js';
import { DevicesResolver } from './devices/devices.resolver.js';
import { EntitiesResolver } from './entities/entities.resolver.js';
import { DeviceEventsResolver } from './events/device-events.resolver.js';
import { StreamEventsResolver } from './events/stream-events.resolver.js';
import { DataResolver } from './follow/data.resolver.js';
import { Flush } from './flush/flush.js';
import { FlushResolver } from './flush/flush.resolver.js';
import { Contexts } from './graphql/contexts.js';
import { readFieldsDirectly } from './graphql/direct-fields.js';
import { Documents } from './graphql/documents.js';
import { Executor } from './graphql/executor.js';
import { GraphqlController } from './graphql/graphql.controller.js';
import { SchemaDriver } from './graphql/schema.driver.js';
import { LogModule } from './log/log.module.js';
import { LogReadiness } from './log/log-readiness.js';
import { PageController } from './page/page.controller.js';
import { PageFiles } from './page/page-files.js';
import { MetaIndex } from './search/meta-index.js';
import { GraphqlSocket } from './sockets/graphql.socket.js';
import { SettingsModule } from './settings.module.js';
import { StreamMutationsResolver } from './streams/stream-mutations.resolver.js';
import { StreamRates } from './streams/stream-rates.js';
import { StreamsResolver } from './streams/streams.resolver.js';

/** The registry: devices, streams and what is known of them, in GraphQL. */
@Module({})
export class AppModule {
  static with(settings: RegistrySettings): DynamicModule {
    const config = new RegistryConfig(settings);
    const ofDevices = config.hasDevices ? [DevicesResolver, DeviceMutationsResolver, DeviceEventsResolver] : [];
    return {
      module: AppModule,
      imports: [
        SettingsModule.with(config),
        LogModule,
        GraphQLModule.forRoot({
          driver: SchemaDriver,
          autoSchemaFile: true,
          path: '/graphql',
          transformSchema: readFieldsDirectly,
        }),
      ],
      controllers: [GraphqlController, PageController],
      providers: [
        LogReadiness,
        MetaIndex,
        StreamRates,
        AnswerMemory,
        Pace,
        Contexts,
        Documents,
        Executor,
        StreamsResolver,
        StreamMutationsResolver,
        ...ofDevices,
        EntitiesResolver,
        DataResolver,
        StreamEventsResolver,
        Flush,
        FlushResolver,
        GraphqlSocket,
        PageFiles,
      ],
    };
  }
}
