import { RateLimiter } from '@sluice/service-kit';
import { type GatewayConfig } from '../config.js';

/** The gateway's limits per client address. */
export class Limits {
  readonly requests: RateLimiter;
  readonly upgrades: RateLimiter;

  constructor(config: GatewayConfig) {
    this.requests = new RateLimiter(
      { limit: 'requests per second', setting: 'SLUICE_API_GATEWAY_REQUESTS_PER_SECOND' },
      config.requestsPerSecond,
    );
    this.upgrades = new RateLimiter(
      { limit: 'new WebSockets per second', setting: 'SLUICE_API_GATEWAY_UPGRADES_PER_SECOND' },
      config.upgradesPerSecond,
    );
  }
}
