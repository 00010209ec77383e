import { type ReadinessCheck } from '@sluice/contracts';
import { type Readiness } from '@sluice/service-kit';
import { type Replicas, type Upstream, type Upstreams } from '../proxy/services.js';

const TIMEOUT_MS = 1500;

/** Makes the whole system's health of the services' own. */
export function addServiceChecks(readiness: Readiness, upstreams: Upstreams): void {
  for (const service of upstreams.list()) readiness.addSystem(service.name, () => checkService(service));
}

/** A service works as long as one of its replicas does. */
async function checkService({ upstreams }: Replicas): Promise<ReadinessCheck> {
  const [first, ...others] = await Promise.all(upstreams.map((upstream) => checkReplica(upstream)));
  if (first === undefined || others.length === 0) return first ?? { ready: false };
  const all = [first, ...others];
  const ready = all.filter((replica) => replica.ready);
  return {
    ready: ready.length > 0,
    detail: `${ready.length} of ${all.length} replicas are ready`,
    checks: Object.fromEntries(all.map((replica, at) => [`replica ${at + 1}`, replica])),
  };
}

async function checkReplica(upstream: Upstream): Promise<ReadinessCheck> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { statusCode, body } = await upstream.pool.request({ path: '/health', method: 'GET', signal });
    const report: unknown = await body.json();
    const checks = isRecord(report) && isRecord(report['checks']) ? report['checks'] : {};
    if (statusCode === 200) return { ready: true, checks };
    const failing = Object.entries(checks).filter(([, check]) => !isRecord(check) || check['ready'] !== true);
    return { ready: false, detail: `not ready: ${failing.map(([name]) => name).join(', ')}`, checks };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    return { ready: false, detail: isLate ? `no answer within ${TIMEOUT_MS} ms` : 'not reachable' };
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
