import { parseArgs } from 'node:util';
import { runService } from '@sluice/service-kit';
import { GATEWAY_CONFIG } from './config.js';
import { createGateway } from './create-gateway.js';
import { prepareAccess } from './first-start.js';

const { values } = parseArgs({
  options: { 'first-start': { type: 'boolean' }, device: { type: 'string', multiple: true } },
  strict: false,
});

if (values['first-start'] === true) {
  // For whoever starts strict mode, on standard output alone: logs go nowhere.
  const prepared = await prepareAccess(
    { ...process.env, SLUICE_LOG_LEVEL: 'silent' },
    (values.device ?? []) as string[],
  );
  process.stdout.write(`${JSON.stringify(prepared)}\n`, () => process.exit(0));
} else {
  await runService({ table: () => GATEWAY_CONFIG.table(), create: () => createGateway(process.env) });
}
