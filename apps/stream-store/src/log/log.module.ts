import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Devices, StreamMeta } from '@sluice/catalog';
import { LOG } from '@sluice/service-kit';
import { RedisCommands, StreamAdmin, StreamLog, openLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { StoreConfig } from '../config.js';

/** The log and its administration, connected at start and closed after the last request. */
@Global()
@Module({
  providers: [
    {
      provide: StreamAdmin,
      inject: [StoreConfig],
      useFactory: ({ redisUrl, retention, hasDevices }: StoreConfig): Promise<StreamAdmin> =>
        StreamAdmin.connect({ url: redisUrl, defaultRule: retention, hasDevices }),
    },
    {
      provide: StreamLog,
      inject: [StoreConfig, StreamAdmin, LOG],
      useFactory: connectLog,
    },
    { provide: Devices, inject: [StreamAdmin], useFactory: ({ commands }: StreamAdmin) => new Devices(commands) },
    { provide: StreamMeta, inject: [StreamAdmin], useFactory: ({ commands }: StreamAdmin) => new StreamMeta(commands) },
    { provide: RedisCommands, inject: [StreamAdmin], useFactory: (admin: StreamAdmin) => admin.commands },
  ],
  exports: [StreamAdmin, StreamLog, RedisCommands, Devices, StreamMeta],
})
export class LogModule implements OnApplicationShutdown {
  constructor(
    private readonly log: StreamLog,
    private readonly admin: StreamAdmin,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.log.close();
    await this.admin.close();
  }
}

async function connectLog(config: StoreConfig, admin: StreamAdmin, logger: Logger): Promise<StreamLog> {
  const log = await openLog(admin, {
    url: config.redisUrl,
    durability: config.durability,
    maxInflightBytes: config.maxInflightBytes,
    onWarning: (message) => logger.warn({ component: 'stream-log' }, message),
  });
  const { asked, holds, isMet } = await log.readDurability();
  logger[isMet ? 'info' : 'warn']({ asked, holds, isCluster: log.isCluster }, 'connected to the log');
  return log;
}
