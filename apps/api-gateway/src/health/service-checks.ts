import { type ReadinessCheck } from '@sluice/contracts';
import { type Readiness } from '@sluice/service-kit';
import { type Upstream, type Upstreams } from '../proxy/services.js';

const TIMEOUT_MS = 1500;

/** Makes the whole system's health of the services' own. */
export function addServiceChecks(readiness: Readiness, upstreams: Upstreams): void {
  for (const upstream of upstreams.list()) readiness.addSystem(upstream.name, () => checkService(upstream));
}

async function checkService(upstream: Upstream): Promise<ReadinessCheck> {
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
