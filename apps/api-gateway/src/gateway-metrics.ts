import { type Metrics } from '@sluice/service-kit';
import { Gauge, Counter } from 'prom-client';
import { type HttpProxy } from './proxy/http-proxy.js';
import { type UpgradeProxy } from './proxy/upgrade-proxy.js';

/** Names of everything the gateway counts by itself. */
export function addGatewayMetrics({ registry }: Metrics, http: HttpProxy, upgrades: UpgradeProxy): void {
  const registers = [registry];
  new Gauge({
    name: 'sluice_gateway_active_requests',
    help: 'Proxied HTTP requests under way',
    registers,
    collect() {
      this.set(http.activeRequests);
    },
  });
  new Gauge({
    name: 'sluice_gateway_open_sockets',
    help: 'WebSockets joined with a service now',
    registers,
    collect() {
      this.set(upgrades.openPipes);
    },
  });
  new Counter({
    name: 'sluice_gateway_upgrades_total',
    help: 'WebSocket upgrades handed over to a service',
    registers,
    collect() {
      this.reset();
      this.inc(upgrades.handedOver);
    },
  });
}
