import { readHealth } from './api.js';
import { byId, element, setText } from './dom.js';

const STATES = { ready: 'Ready', 'not ready': 'Not ready', stopping: 'Stopping' };
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
  const services = Object.entries(report.checks).map(([name, check]) => ({ name, ...stateOf(check) }));
  const inner = Object.entries(report.checks).flatMap(([, check]) =>
    Object.entries(check.checks ?? {}).map(([name, part]) => ({
      name: name === 'log' ? 'Redis' : name,
      ...stateOf(part),
    })),
  );
  return [gateway, ...services, ...inner];
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
