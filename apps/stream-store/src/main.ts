import { runService } from '@sluice/service-kit';
import { STORE_CONFIG, environment } from './config.js';
import { createStore } from './create-store.js';

await runService({ table: () => STORE_CONFIG.table(), create: () => createStore(environment()) });
