import { rulesOf } from './routes-rule.js';

/** What every service has. */
export const KIT_ROUTES = rulesOf('*', [
  ['GET', '/health', 'public', 'names no streams'],
  ['GET', '/health/live', 'public', 'names no streams'],
  ['GET', '/health/ready', 'public', 'names no streams'],
  ['GET', '/metrics', 'public', 'names no streams'],
  ['GET', '/api-docs', 'public', 'documents only'],
  ['GET', '/api-docs/*', 'public', 'documents only'],
]);
