import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG } from '@sluice/service-kit';
import { RedisCommands } from '@sluice/stream-log';
import { type GatewayConfig } from '../config.js';

/** The connection that failed log-ins are counted over, made when the first one is. */
@Injectable()
export class LoginRedis implements OnApplicationShutdown {
  #connecting: Promise<RedisCommands> | null = null;

  constructor(@Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'redisUrl'>) {}

  /** @throws SluiceError `LOG_UNAVAILABLE`; the next call tries again */
  commands(): Promise<RedisCommands> {
    this.#connecting ??= RedisCommands.connect(this.config.redisUrl).catch((error: unknown) => {
      this.#connecting = null;
      throw error;
    });
    return this.#connecting;
  }

  async onApplicationShutdown(): Promise<void> {
    const commands = await this.#connecting?.catch(() => null);
    commands?.close();
  }
}
