import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { LOG } from '@sluice/service-kit';
import { RedisCommands, StreamAdmin, StreamLog, openLog } from '@sluice/stream-log';
import { type Logger } from 'pino';
import { ChannelConfig } from '../config.js';

/** What a list of some thousand records takes: sockets are seldom further behind, and everything that is kept grows old in the heap. */
const CACHED_BYTES = 1024 * 1024;

/** The log, connected at start and closed after the last request. */
@Global()
@Module({
  providers: [
    {
      provide: StreamAdmin,
      inject: [ChannelConfig],
      useFactory: ({ redisUrl, retention }: ChannelConfig): Promise<StreamAdmin> =>
        StreamAdmin.connect({ url: redisUrl, defaultRule: retention }),
    },
    { provide: StreamLog, inject: [ChannelConfig, StreamAdmin, LOG], useFactory: connectLog },
    { provide: RedisCommands, inject: [StreamAdmin], useFactory: ({ commands }: StreamAdmin) => commands },
  ],
  exports: [StreamAdmin, StreamLog, RedisCommands],
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

async function connectLog(config: ChannelConfig, admin: StreamAdmin, logger: Logger): Promise<StreamLog> {
  const log = await openLog(admin, {
    url: config.redisUrl,
    durability: config.durability,
    cachedBytesPerStream: CACHED_BYTES,
    onWarning: (message) => logger.warn({ component: 'stream-log' }, message),
  });
  const { asked, holds, isMet } = await log.readDurability();
  logger[isMet ? 'info' : 'warn']({ asked, holds, isCluster: log.isCluster }, 'connected to the log');
  return log;
}
