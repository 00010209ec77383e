import { readHealth } from './api.js';
import { byId, element, setText } from './dom.js';

const STATES = { ready: 'Ready', 'not ready': 'Not ready', stopping: 'Stopping' };
/** What checks are called here. */
const NAMES = { log: 'Redis', access: 'Users and keys', index: 'Search' };
let shown = '';

/** Reads and shows what runs and how it is. */
export async function refreshHealth() {
  let report;
  try {
    report = await readHealth();
  } catch {
    report = { status: 'not ready', service: 'api-gateway', checks: {}, isGone: true };
  }
  const text = JSON.stringify(report);
  if (text === shown) return;
  shown = text;
  const badge = byId('health');
  badge.dataset.state = report.status === 'ready' ? 'ready' : 'down';
  setText(badge, report.isGone ? 'Gateway does not answer' : (STATES[report.status] ?? report.status));
  byId('services').replaceChildren(...servicesOf(report).map(serviceItem));
}

function servicesOf(report) {
  const gateway = {
    name: report.service,
    isReady: !report.isGone,
    detail: report.isGone ? 'does not answer' : 'ready',
  };
  const services = partsOf(report.checks);
  const inner = Object.values(report.checks).flatMap((check) => partsOf(check.checks ?? {}));
  return [gateway, ...services, ...worstOfEach(inner)];
}

/** What several services stand on is shown once: as the one sees it for whom it is worst, or who says most. */
function worstOfEach(parts) {
  const byName = new Map();
  for (const part of parts) {
    const known = byName.get(part.name);
    if (known === undefined || (known.isReady && !part.isReady)) byName.set(part.name, part);
  }
  return [...byName.values()];
}

/** Where nobody has to say who they are, users and keys are of no concern. */
function partsOf(checks) {
  return Object.entries(checks)
    .filter(([name, { mode }]) => name !== 'access' || mode === 'strict')
    .map(([name, check]) => ({ name: NAMES[name] ?? name, ...stateOf(check) }));
}

/** A check that is ready but keeps less than was asked for (`isMet`) is shown as weak. */
function stateOf(check) {
  return {
    isWeak: check.isMet === false,
    isReady: check.ready === true,
    detail: check.detail ?? (check.ready === true ? 'ready' : 'not ready'),
  };
}

function serviceItem({ name, isReady, isWeak, detail }) {
  const item = element('li', {
    children: [element('b', { text: name }), element('span', { className: 'quiet', text: detail })],
  });
  item.dataset.state = isReady ? (isWeak ? 'weak' : 'ready') : 'down';
  return item;
}
