import { runService } from '@sluice/service-kit';
import { CHANNEL_CONFIG, environment } from './config.js';
import { tellUncaught } from './engine/isolation.js';
import { createChannelGateway } from './create-channel-gateway.js';

/** As a signal from outside would. */
const shutDown = (): void => {
  process.kill(process.pid, 'SIGTERM');
};

await runService({
  table: () => CHANNEL_CONFIG.table(),
  create: () => createChannelGateway(environment(), { shutDown }),
  survives: tellUncaught,
});
