import { type DynamicModule, Global, Module, type Provider, type Type } from '@nestjs/common';
import { type Logger } from 'pino';
import { type AccessRecords } from '../auth/access.js';
import { ApiKeys } from '../auth/api-keys.js';
import { AuditTrail } from '../auth/audit-trail.js';
import { Tokens } from '../auth/tokens.js';
import { UserDirectory } from '../auth/user-directory.js';
import { HealthController } from '../health/health.controller.js';
import { Readiness } from '../health/readiness.js';
import { Metrics } from '../metrics/metrics.js';
import { MetricsController } from '../metrics/metrics.controller.js';
import { UpgradeRouter } from '../sockets/upgrade-router.js';
import { Drain } from './drain.js';

/** Injection token of the service's pino logger. */
export const LOG = Symbol('log');
/** Injection token of the parsed configuration. */
export const CONFIG = Symbol('config');

/** What the kit makes for a service before its modules exist. */
export interface ServiceParts {
  readonly log: Logger;
  readonly config: object;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly drain: Drain;
  readonly upgrades: UpgradeRouter;
}

/** Makes the kit's parts injectable everywhere, beside the app's own module. */
@Global()
@Module({})
export class ServiceModule {
  static around(app: Type | DynamicModule, parts: ServiceParts, records: AccessRecords | null): DynamicModule {
    const providers: Provider[] = [
      { provide: LOG, useValue: parts.log },
      { provide: CONFIG, useValue: parts.config },
      { provide: Readiness, useValue: parts.readiness },
      { provide: Metrics, useValue: parts.metrics },
      { provide: Drain, useValue: parts.drain },
      { provide: UpgradeRouter, useValue: parts.upgrades },
      ...recordProviders(records),
    ];
    return {
      module: ServiceModule,
      imports: [app],
      controllers: [HealthController, MetricsController],
      providers,
      exports: providers,
    };
  }
}

/** In a service without Redis there are none. */
function recordProviders(records: AccessRecords | null): Provider[] {
  if (records === null) return [];
  return [
    { provide: UserDirectory, useValue: records.users },
    { provide: ApiKeys, useValue: records.apiKeys },
    { provide: Tokens, useValue: records.tokens },
    { provide: AuditTrail, useValue: records.audit },
  ];
}
