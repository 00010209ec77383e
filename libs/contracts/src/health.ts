/** State of one thing a service needs. */
export interface ReadinessCheck {
  readonly ready: boolean;
  /** One sentence for people: why not, or what holds (such as the durability promise). */
  readonly detail?: string;
  readonly [fact: string]: unknown;
}

/** Answer of `/health/ready` and `/health`: 200 when ready, 503 when not. */
export interface HealthReport {
  readonly status: 'ready' | 'not ready' | 'stopping';
  readonly service: string;
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
}
