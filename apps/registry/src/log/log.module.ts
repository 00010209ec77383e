import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Devices, Entities, PresenceSweep, StreamMeta } from '@sluice/catalog';
import { LOG } from '@sluice/service-kit';
import { RedisCommands, StreamAdmin, StreamLog, openLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { RegistryConfig } from '../config.js';

/** The log and the catalogue, connected at start and closed after the last request. */
@Global()
@Module({
  providers: [
    {
      provide: StreamAdmin,
      inject: [RegistryConfig],
      useFactory: ({ redisUrl, hasDevices }: RegistryConfig): Promise<StreamAdmin> =>
        StreamAdmin.connect({ url: redisUrl, hasDevices }),
    },
    { provide: StreamLog, inject: [RegistryConfig, StreamAdmin, LOG], useFactory: connectLog },
    { provide: RedisCommands, inject: [StreamAdmin], useFactory: ({ commands }: StreamAdmin) => commands },
    { provide: Devices, inject: [RedisCommands], useFactory: (commands: RedisCommands) => new Devices(commands) },
    { provide: Entities, inject: [RedisCommands], useFactory: (commands: RedisCommands) => new Entities(commands) },
    { provide: StreamMeta, inject: [RedisCommands], useFactory: (commands: RedisCommands) => new StreamMeta(commands) },
    {
      provide: PresenceSweep,
      inject: [Devices],
      useFactory: ({ presence }: Devices) => new PresenceSweep(presence),
    },
  ],
  exports: [StreamAdmin, StreamLog, RedisCommands, Devices, StreamMeta, Entities],
})
export class LogModule implements OnApplicationShutdown {
  constructor(
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
    private readonly sweep: PresenceSweep,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.sweep.close();
    await this.log.close();
    await this.admin.close();
  }
}

async function connectLog({ redisUrl }: RegistryConfig, admin: StreamAdmin, logger: Logger): Promise<StreamLog> {
  const log = await openLog(admin, {
    url: redisUrl,
    durability: { kind: 'everysec' },
    onWarning: (message) => logger.warn({ component: 'stream-log' }, message),
  });
  logger.info({ isCluster: log.isCluster }, 'connected to the log');
  return log;
}
