import { runService } from '@sluice/service-kit';
import { REGISTRY_CONFIG, environment } from './config.js';
import { createRegistry } from './create-registry.js';

await runService({ table: () => REGISTRY_CONFIG.table(), create: () => createRegistry(environment()) });
