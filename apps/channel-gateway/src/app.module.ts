import { type DynamicModule, Global, Module, type OnModuleDestroy } from '@nestjs/common';
import { Entities } from '@sluice/catalog';
import { Drain, LOG } from '@sluice/service-kit';
import { RedisCommands, StreamAdmin, StreamLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { type ApiKeyGate } from './api-keys/api-key-gate.js';
import { API_KEY_GATE, LoginController, Schemes } from './api-keys/login.controller.js';
import { openGateway } from './application/open-gateway.js';
import { Intake } from './bodies/intake.js';
import { ChannelKeys } from './channels/channel-keys.js';
import { ChannelConfig } from './config.js';
import { Gateway } from './gateway.js';
import { LogReadiness } from './health/log-readiness.js';
import { AboutController } from './http/about.controller.js';
import { Callers } from './http/callers.js';
import { ControlsController, SHUT_DOWN } from './http/controls.controller.js';
import { NextTicks } from './http/next-ticks.js';
import { OutputsController } from './http/outputs.controller.js';
import { ReadingController } from './http/reading.controller.js';
import { RootController } from './http/root.controller.js';
import { SendingController } from './http/sending.controller.js';
import { LogModule } from './log/log.module.js';
import { ChannelMetrics } from './metrics/channel-metrics.js';
import { type Application } from './sdk/application.js';
import { SettingsModule } from './settings.module.js';
import { HistoryController } from './history/history.controller.js';
import { SqlBox } from './sql/sql-box.js';
import { SqlController } from './sql/sql.controller.js';
import { ChannelEntities } from './declared/channel-entities.js';
import { DeclarationStore } from './declared/declaration-store.js';
import { DeclaredChannels } from './declared/declared-channels.js';
import { DeclaredController } from './declared/declared.controller.js';
import { PageController } from './page/page.controller.js';
import { PageFiles } from './page/page-files.js';
import { StageController } from './staging/stage.controller.js';
import { StateController } from './state/state.controller.js';
import { ChannelStreamSocket } from './stream/channel-stream.socket.js';

export interface AppOptions {
  readonly application: Application;
  readonly config: ChannelConfig;
  /** Null: the application has no keys of its own. */
  readonly gate: ApiKeyGate | null;
  /** Ends the process in order. */
  readonly shutDown: () => void;
}

/** The channel gateway: one application, its routes and its sockets. */
@Global()
@Module({})
export class AppModule implements OnModuleDestroy {
  constructor(
    private readonly gateway: Gateway,
    private readonly declared: DeclaredChannels,
    private readonly entities: ChannelEntities,
    drain: Drain,
  ) {
    drain.add('modules', async () => {
      await gateway.live.keep();
      await gateway.runner.stop();
    });
  }

  static with({ application, config, gate, shutDown }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [SettingsModule.with(config), LogModule],
      controllers: [
        RootController,
        PageController,
        ReadingController,
        SendingController,
        ControlsController,
        AboutController,
        OutputsController,
        LoginController,
        StateController,
        StageController,
        HistoryController,
        SqlController,
        DeclaredController,
      ],
      providers: [
        {
          provide: ChannelKeys,
          inject: [ChannelConfig],
          useFactory: (settings: ChannelConfig) => new ChannelKeys(settings.application),
        },
        { provide: PageFiles, useFactory: () => PageFiles.open(application) },
        { provide: SHUT_DOWN, useValue: shutDown },
        { provide: API_KEY_GATE, useValue: gate },
        Schemes,
        {
          provide: Gateway,
          inject: [ChannelConfig, ChannelKeys, StreamLog, RedisCommands, StreamAdmin, LOG],
          useFactory: (
            settings: ChannelConfig,
            keys: ChannelKeys,
            log: StreamLog,
            commands: RedisCommands,
            admin: StreamAdmin,
            logger: Logger,
          ): Promise<Gateway> => openGateway({ application, config: settings, keys, log, commands, admin, logger }),
        },
        {
          provide: ChannelEntities,
          inject: [ChannelConfig, Gateway, RedisCommands, LOG],
          useFactory: (settings: ChannelConfig, gateway: Gateway, commands: RedisCommands, logger: Logger) =>
            new ChannelEntities({
              entities: new Entities(commands),
              mounted: gateway.mounted,
              application: settings.application,
              logger,
            }),
        },
        {
          provide: DeclaredChannels,
          inject: [ChannelConfig, Gateway, ChannelEntities, ChannelKeys, StreamLog, RedisCommands, LOG],
          useFactory: openDeclared,
        },
        Callers,
        Intake,
        NextTicks,
        SqlBox,
        LogReadiness,
        ChannelMetrics,
        ChannelStreamSocket,
      ],
      exports: [Gateway],
    };
  }

  /** After the last request and before the log is closed. */
  async onModuleDestroy(): Promise<void> {
    this.declared.stop();
    await this.entities.stop();
    await this.gateway.runner.stop();
    await this.gateway.live.stop();
    await this.gateway.states.stop();
  }
}

/** Serves what was declared at run time before the first request. */
async function openDeclared(
  settings: ChannelConfig,
  gateway: Gateway,
  entities: ChannelEntities,
  keys: ChannelKeys,
  log: StreamLog,
  commands: RedisCommands,
  logger: Logger,
): Promise<DeclaredChannels> {
  const declared = new DeclaredChannels({
    gateway,
    store: new DeclarationStore(commands, keys),
    log,
    keys,
    logger,
    maxChannels: settings.maxDeclared,
    onChange: () => entities.update(),
  });
  await declared.start();
  entities.update();
  return declared;
}
