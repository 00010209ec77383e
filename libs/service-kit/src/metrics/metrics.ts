import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** The service's Prometheus registry; modules make their metrics with `registers: [metrics.registry]`. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: Counter<'method' | 'status'>;
  readonly #seconds: Histogram;
  readonly #pending = new Map<string, number>();

  constructor(service: string) {
    this.registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Counter({
      name: 'sluice_http_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['method', 'status'],
      registers: [this.registry],
      collect: () => {
        this.#settleRequests();
      },
    });
    this.#seconds = new Histogram({
      name: 'sluice_http_request_seconds',
      help: 'Time from a request to the end of its answer',
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers: [this.registry],
    });
  }

  /** Counts one answered request. Cheap: labels are only worked out when somebody reads the metrics. */
  countRequest(method: string, status: number, milliseconds: number): void {
    const key = `${method} ${status}`;
    this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1);
    this.#seconds.observe(milliseconds / 1000);
  }

  /** All metrics in Prometheus text form. */
  async text(): Promise<string> {
    return this.registry.metrics();
  }

  #settleRequests(): void {
    for (const [key, count] of this.#pending) {
      const [method = '', status = ''] = key.split(' ');
      this.#requests.inc({ method, status }, count);
    }
    this.#pending.clear();
  }
}
