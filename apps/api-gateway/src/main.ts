import { runService } from '@sluice/service-kit';
import { GATEWAY_CONFIG } from './config.js';
import { createGateway } from './create-gateway.js';

await runService({ table: () => GATEWAY_CONFIG.table(), create: () => createGateway(process.env) });
